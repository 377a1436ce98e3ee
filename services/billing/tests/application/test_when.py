"""When things happen again: leases, delays and pauses, at their bounds; and when a fact says that it was."""

from datetime import UTC, timedelta

import pytest
from billing.application.drain_webhooks import DrainWebhooksHandler
from billing.application.forget_webhook_bodies import ForgetWebhookBodiesHandler
from billing.application.outage_pause import OutagePause
from billing.application.process_webhook import ATTEMPTS_MAX, LEASE, Worked
from billing.domain.checkout import CheckoutStatus
from billing.domain.dispute import DisputeState
from billing.domain.refund import RefundStatus
from billing.domain.webhook_event import WebhookState
from billing_support import BillingUnderTest

WAITING, DONE, IGNORED, PARKED = WebhookState
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("deaths", "state"), [(ATTEMPTS_MAX - 1, IGNORED), (ATTEMPTS_MAX, PARKED)])
async def test_as_many_deaths_as_failures_park_a_webhook(
    memory_billing: BillingUnderTest, deaths: int, state: WebhookState
) -> None:
    """A claim that was never finished counts as one; the last one that may be tried is tried."""
    await memory_billing.told("cs_unknown", event_id="evt_1")
    for number in range(deaths):
        now = memory_billing.clock.now()
        async with memory_billing.units.of_system() as work:
            assert await work.claim_webhook(now=now, until=now + LEASE, token=f"dead_{number}")
        memory_billing.clock.advance(LEASE.total_seconds())
    assert await memory_billing.process_all() == [state]
    assert (await memory_billing.stored("evt_1")).event.attempts == deaths


async def test_a_claim_lasts_as_long_as_its_lease(memory_billing: BillingUnderTest) -> None:
    """Nobody else gets the webhook before."""
    await memory_billing.told("cs_unknown", event_id="evt_1")
    now = memory_billing.clock.now()
    async with memory_billing.units.of_system() as work:
        await work.claim_webhook(now=now, until=now + LEASE, token="another")
    memory_billing.clock.time = now + LEASE - SECOND
    assert await memory_billing.process_all() == []
    memory_billing.clock.advance(1)
    assert await memory_billing.process_all() == [IGNORED]


def test_a_pause_doubles_with_each_outage(memory_billing: BillingUnderTest) -> None:
    """Up to half a minute, to the second; after an answer it begins small again."""
    pause, clock = OutagePause(), memory_billing.clock
    assert not pause.lasts(clock.now())
    for longest_s in (1, 2, 4, 8, 16, 30, 30):
        pause.prolong(clock.now())
        clock.advance(longest_s - 0.001)
        assert pause.lasts(clock.now())
        clock.advance(0.001)
        assert not pause.lasts(clock.now())
    pause.end()
    assert not pause.lasts(clock.now())
    pause.prolong(clock.now())
    assert pause.lasts(clock.now())
    assert not pause.lasts(clock.now() + SECOND)


async def test_drains_that_share_a_pause_ask_once(memory_billing: BillingUnderTest) -> None:
    """The second one hears nothing of the processor while the first one's pause lasts."""
    memory_billing.processor.answers = False
    for number in range(3):
        await memory_billing.told("cs_1", event_id=f"evt_{number}")
    seen: list[Worked] = []
    drain = DrainWebhooksHandler(memory_billing.process, memory_billing.clock, observe=seen.append)
    await drain()
    await drain()
    assert seen == [Worked(state=WAITING, is_outage=True)]


async def test_bodies_are_kept_until_the_last_moment(memory_billing: BillingUnderTest) -> None:
    """Thirty days and no less."""
    await memory_billing.told("cs_unknown", event_id="evt_1")
    await memory_billing.process_all()
    forget = ForgetWebhookBodiesHandler(memory_billing.units, memory_billing.clock, after_days=30)
    memory_billing.clock.time += timedelta(days=30)
    assert await forget() == 0
    memory_billing.clock.time += timedelta(microseconds=1)
    assert await forget() == 1


async def test_a_page_that_the_processor_lost_ends_the_moment_that_it_expires(
    memory_billing: BillingUnderTest,
) -> None:
    """Not a second before."""
    opened = (await memory_billing.open()).checkout
    memory_billing.processor.sessions.clear()
    assert opened.expires_at is not None
    for moment, status in (
        (opened.expires_at - SECOND, CheckoutStatus.OPEN),
        (opened.expires_at, CheckoutStatus.EXPIRED),
    ):
        memory_billing.clock.time = moment
        async with memory_billing.units.of_system() as work:
            known = await work.checkout(opened.checkout_id)
            assert known is not None
            await work.save_checkout(type(known)(**{**vars(known), "next_check_at": moment}))
        assert await memory_billing.reconcile() == 1
        seen = await memory_billing.reader.checkout("usr_1", opened.checkout_id)
        assert seen is not None
        assert seen.status is status
        assert (seen.url is None) is (status is CheckoutStatus.EXPIRED)


async def test_a_question_is_asked_again_after_its_pause(memory_billing: BillingUnderTest) -> None:
    """To the moment."""
    checkout_id = (await memory_billing.open()).checkout.checkout_id
    for pause_s, questions in ((0, 1), (1.999, 1), (0.001, 2)):
        memory_billing.clock.advance(pause_s)
        await memory_billing.follow("usr_1", checkout_id)
        assert len(memory_billing.processor.questions) == questions


async def test_a_fact_says_when_it_became_one(any_billing: BillingUnderTest) -> None:
    """By our clock: a purchase, a refund and a dispute, each at its own moment."""
    moments = []
    payment = (await any_billing.bought()).payment_id
    moments.append(any_billing.clock.now())
    any_billing.clock.advance(60)
    any_billing.processor.refund(payment, "re_1", 300, RefundStatus.SUCCEEDED)
    await any_billing.refund(payment)
    moments.append(any_billing.clock.now())
    any_billing.clock.advance(60)
    any_billing.processor.dispute(payment, "dp_1", 200, DisputeState.OPENED)
    await any_billing.dispute("dp_1")
    moments.append(any_billing.clock.now())
    await any_billing.facts.expect(
        ("PaymentRefunded", payment, 300, 300), ("PaymentDisputed", "dp_1", 200, 200)
    )
    assert any_billing.published is not None
    told = [fact.occurred_at.ToDatetime(UTC) for fact in await any_billing.published()]  # type: ignore[attr-defined]
    assert told == moments
    (purchase,) = await any_billing.purchases()
    assert purchase.created_at == moments[0]
