"""Checkouts that no webhook spoke of: paid ones are found, dead ones end, none stands in another's way."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from billing.application.reconcile_checkouts import BATCH_MAX, SIDE_BY_SIDE_MAX, ReconcileCheckoutsHandler
from billing.application.settle_checkout import SettleCheckoutHandler, SettledCheckout
from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.errors import PaymentProcessorMisconfigured, PaymentProcessorUnavailable
from billing_support import BillingUnderTest, plan_order

DEAD = 2_000


async def leave_open(billing: BillingUnderTest, count: int) -> None:
    """Have this many pages opened that nobody pays, all of them due."""
    first = (await billing.open("usr_0")).checkout
    seen = billing.processor.sessions[first.page_id or ""]
    async with billing.units.of_system() as work:
        for number in range(1, count):
            session = f"cs_dead_{number}"
            changes = {"checkout_id": f"chk_dead_{number}", "page_id": session, "idempotency_key": session}
            checkout = Checkout(**{**vars(first), **changes})
            await work.add_checkout(checkout)
            billing.processor.sessions[session] = type(seen)(
                **{**vars(seen), "page_id": session, "reference": checkout.checkout_id}
            )


@pytest.mark.real_time
async def test_a_paid_one_is_found_at_once_among_thousands_that_nobody_pays(
    any_billing: BillingUnderTest,
) -> None:
    """The newest are asked about first; the first batch finds it."""
    await leave_open(any_billing, DEAD)
    any_billing.clock.advance(60)
    paid = (await any_billing.open("usr_1", key="paid")).checkout
    any_billing.processor.pay(paid.page_id or "")
    any_billing.clock.advance(5)
    assert await any_billing.reconcile() == BATCH_MAX
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]
    assert len(any_billing.processor.questions) == BATCH_MAX


async def test_nobody_starves(any_billing: BillingUnderTest) -> None:
    """Each is asked about once before any comes again, though newer ones come all the time."""
    await leave_open(any_billing, 3 * BATCH_MAX)
    any_billing.clock.advance(60)
    for number in range(8):
        for late in range(BATCH_MAX // 2):
            await any_billing.open("usr_2", key=f"{number}_{late}")
        any_billing.clock.advance(5)
        await any_billing.reconcile()
    asked = Counter(any_billing.processor.questions)
    assert {session for session in asked if session.startswith("cs_dead")} == {
        f"cs_dead_{number}" for number in range(1, 3 * BATCH_MAX)
    }


async def test_dead_ones_end(any_billing: BillingUnderTest) -> None:
    """An expired page is seen to have expired at its next question, which is the last."""
    opened = (await any_billing.open()).checkout
    while any_billing.clock.now() < opened.created_at + timedelta(days=1):
        any_billing.clock.advance(60)
        await any_billing.reconcile()
    assert len(any_billing.processor.questions) < 100
    any_billing.processor.expire(opened.page_id or "")
    any_billing.clock.advance(120)
    assert await any_billing.reconcile() == 1
    ended = await any_billing.reader.checkout("usr_1", opened.checkout_id)
    assert ended is not None
    assert (ended.status, ended.url, ended.next_check_at) == (CheckoutStatus.EXPIRED, None, None)
    any_billing.clock.advance(86_400 * 90)
    assert await any_billing.reconcile() == 0


async def test_one_that_is_poisoned_stops_no_other(any_billing: BillingUnderTest) -> None:
    """Whatever is wrong with it, the others are settled, and it comes again, seldomer and seldomer."""
    poisoned = (await any_billing.open(key="k1")).checkout
    healthy = [(await any_billing.open(key=f"h{number}")).checkout for number in range(5)]
    any_billing.processor.failures[poisoned.page_id or ""] = ValueError("an answer that nobody understands")
    for one in healthy:
        any_billing.processor.pay(one.page_id or "")
    any_billing.clock.advance(5)
    assert await any_billing.reconcile() == 6
    assert len(await any_billing.purchases()) == 5
    await any_billing.facts.expect_in_any_order(
        *(("PaymentCompleted", f"pi_{number}", 1000, 1000) for number in range(1, 6))
    )
    for _ in range(240):
        any_billing.clock.advance(15)
        await any_billing.reconcile()
    assert Counter(any_billing.processor.questions)[poisoned.page_id] < 50
    any_billing.processor.failures.clear()
    any_billing.processor.pay(poisoned.page_id or "")
    any_billing.clock.advance(3_600)
    await any_billing.reconcile()
    assert len(await any_billing.purchases()) == 6
    await any_billing.facts.expect(("PaymentCompleted", "pi_6", 1000, 1000))


async def test_an_outage_costs_no_more_than_itself(any_billing: BillingUnderTest) -> None:
    """After an hour of silence, or under a key that is revoked, the paid one is found within a minute."""
    opened = (await any_billing.open()).checkout
    any_billing.processor.pay(opened.page_id or "")
    for failure in (PaymentProcessorUnavailable("away"), PaymentProcessorMisconfigured("revoked")):
        any_billing.processor.failure = failure
        for _ in range(64):
            any_billing.clock.advance(61)
            assert await any_billing.reconcile() == 1
    any_billing.processor.failure = None
    any_billing.clock.advance(61)
    await any_billing.reconcile()
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]


async def test_a_session_that_the_processor_does_not_know_ends_when_it_is_over(
    any_billing: BillingUnderTest,
) -> None:
    """Until then it may belong to a key that comes back."""
    opened = (await any_billing.open()).checkout
    kept = any_billing.processor.sessions.pop(opened.page_id or "")
    any_billing.clock.advance(5)
    await any_billing.reconcile()
    waiting = await any_billing.reader.checkout("usr_1", opened.checkout_id)
    assert waiting is not None
    assert (waiting.status, waiting.next_check_at is not None) == (CheckoutStatus.OPEN, True)
    any_billing.clock.advance(86_400 + 3_600)
    await any_billing.reconcile()
    ended = await any_billing.reader.checkout("usr_1", opened.checkout_id)
    assert ended is not None
    assert (ended.status, ended.next_check_at) == (CheckoutStatus.EXPIRED, None)
    # Should it have been paid under the other key, its webhook still counts.
    any_billing.processor.sessions[kept.page_id] = kept
    any_billing.processor.pay(kept.page_id)
    await any_billing.settle(kept.page_id)
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]


async def test_two_reconcilers_ask_about_different_ones(any_billing: BillingUnderTest) -> None:
    """Side by side they take one batch each, and no session twice."""
    await leave_open(any_billing, 2 * BATCH_MAX)
    any_billing.clock.advance(60)
    counts = await asyncio.gather(any_billing.reconcile(), any_billing.reconcile())
    assert sum(counts) == len(set(any_billing.processor.questions)) == len(any_billing.processor.questions)


async def test_webhook_reconciler_and_a_look_at_once_are_one_purchase(any_billing: BillingUnderTest) -> None:
    """Whoever comes first, the fact is told once."""
    opened = (await any_billing.open()).checkout
    session = opened.page_id or ""
    any_billing.processor.pay(session)
    any_billing.clock.advance(5)
    await any_billing.told(session, event_id="evt_1")
    await asyncio.gather(
        any_billing.process_all(),
        any_billing.process_all(),
        any_billing.reconcile(),
        any_billing.reconcile(),
        any_billing.follow("usr_1", opened.checkout_id),
    )
    assert await any_billing.told_facts() == [("PaymentCompleted", "pi_1", 1000, 1000)]


async def test_what_it_repaired_is_counted(any_billing: BillingUnderTest) -> None:
    """A purchase or a plan that nobody told of, once each; one that was told of, or is not paid, never."""
    found: list[tuple[str, int]] = []
    reconcile = ReconcileCheckoutsHandler(
        any_billing.units, any_billing.settle, any_billing.clock, lambda *repair: found.append(repair)
    )
    told = (await any_billing.open("usr_told")).checkout.page_id or ""
    any_billing.processor.pay(told)
    await any_billing.told(told, event_id="evt_1")
    await any_billing.process_all()
    await any_billing.open("usr_open")
    any_billing.clock.advance(5)
    assert await reconcile() == 1
    assert found == []
    pack, plan = await any_billing.open(), await any_billing.create(plan_order("usr_2"))
    for opened in (pack, plan):
        any_billing.processor.pay(opened.checkout.page_id or "")
    for _ in range(3):
        any_billing.clock.advance(60)
        await reconcile()
    assert found == [("checkouts", 1)] * 2
    await any_billing.facts.pass_over()


@dataclass(frozen=True)
class Watched(SettleCheckoutHandler):
    """Counts how many settle at once."""

    seen: Counter[str] = field(default_factory=Counter)

    async def __call__(self, page_id: str) -> SettledCheckout | None:
        """Settle, and stay long enough to be seen."""
        self.seen["running"] += 1
        self.seen["most"] = max(self.seen["most"], self.seen["running"])
        await asyncio.sleep(0)
        settled = await super().__call__(page_id)
        self.seen["running"] -= 1
        return settled


async def test_no_more_than_a_few_are_asked_about_at_once(memory_billing: BillingUnderTest) -> None:
    """A crowd is no flood for the processor."""
    await leave_open(memory_billing, BATCH_MAX)
    memory_billing.clock.advance(60)
    watched = Watched(
        memory_billing.units,
        memory_billing.processor,
        memory_billing.settle_plan,
        memory_billing.clock,
        memory_billing.ids,
    )
    reconcile = ReconcileCheckoutsHandler(memory_billing.units, watched, memory_billing.clock)
    assert await reconcile() == BATCH_MAX
    assert watched.seen["most"] == SIDE_BY_SIDE_MAX
