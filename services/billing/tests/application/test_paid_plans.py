"""Plans that are paid: bought once, and mirrored from the processor."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.application.settle_subscription import ASKED_MAX
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.checkout import CheckoutStatus, PaymentStatus
from billing.domain.errors import (
    IdempotencyKeyReused,
    InvalidField,
    PaymentProcessorUnavailable,
    PlanNotOnSale,
    SubscribedAlready,
)
from billing.domain.identifiers import PlanId, ProcessorSubscriptionId
from billing.domain.processor_subscription import ProcessorSubscription
from billing.domain.standing import BillingInterval
from billing_support import BillingUnderTest, changed, plan_order, raised, renewed
from paid_plan_world import ADA, BEGAN, FEBRUARY, MARCH, PRO, buy, come, subscribed


async def test_the_page_says_at_once_that_the_plan_began(any_billing: BillingUnderTest) -> None:
    """No webhook is needed: the checkout, the plan, its credits and what it opens are there."""
    any_billing.clock.time = BEGAN
    done = await buy(any_billing)
    assert (done.status, done.payment_status) == (CheckoutStatus.COMPLETE, PaymentStatus.PAID)
    mine = (await any_billing.read_subscription(ADA)).subscription
    assert (done.subscription_id, done.purchase_id, done.is_settled) == (mine.subscription_id, None, True)
    assert mine.paid is not None
    assert (mine.plan_id, mine.paid.interval, mine.paid.price_minor) == ("pro", "month", 2900)
    assert (mine.paid.period_start, mine.paid.period_end) == (BEGAN, FEBRUARY)
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_what_nothing_was_heard_of_opens_nothing(memory_billing: BillingUnderTest) -> None:
    """Three days after the period that was paid for, here as with whoever keeps a copy of what was told."""
    await subscribed(memory_billing)
    believed = FEBRUARY + timedelta(days=3)
    for moment, opened in ((believed - timedelta(microseconds=1), PRO), (believed, ())):
        memory_billing.clock.time = moment
        assert (await memory_billing.read_subscription(ADA)).entitlements == opened
    await memory_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_everything_that_comes_again_changes_nothing(any_billing: BillingUnderTest) -> None:
    """Side by side and one after the other: the checkout, the subscription and the scheduler."""
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    await asyncio.gather(*(any_billing.settle_plan(mine.paid.processor_id) for _ in range(4)))
    await any_billing.renew()
    assert await any_billing.reader.subscription(ADA) == mine
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


@pytest.mark.parametrize("interval", ["month", "year"])
async def test_each_month_comes_on_its_day(any_billing: BillingUnderTest, interval: str) -> None:
    """Paid by the month or by the year, and told by nobody: the 31st is the last day of February."""
    await subscribed(any_billing, interval=interval)
    for moment in (FEBRUARY - timedelta(seconds=1), FEBRUARY, FEBRUARY + timedelta(days=3), MARCH):
        await come(any_billing, moment)
    told = [fact for fact in await any_billing.told_facts() if fact[0] == "SubscriptionRenewed"]
    assert told == [renewed(ADA, month, 3000) for month in (BEGAN, FEBRUARY, MARCH)]
    purchases = await any_billing.purchases(ADA)
    assert len(purchases) == (1 if interval == "year" else 3)
    assert {purchase.credits for purchase in purchases} == {3000}


async def test_months_that_are_over_are_not_made_up_for(any_billing: BillingUnderTest) -> None:
    """After an outage of two months the month that it is by then comes."""
    await subscribed(any_billing, interval="year")
    await come(any_billing, datetime(2026, 4, 15, tzinfo=UTC))
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO), renewed(ADA, MARCH, 3000)
    )


async def test_who_pays_for_a_plan_is_sold_no_second_one(any_billing: BillingUnderTest) -> None:
    """No page is opened; the key of the first one still shows it, and is good for nothing else."""
    any_billing.clock.time = BEGAN
    done = await buy(any_billing, key="k1")
    pages = len(any_billing.processor.sessions)
    with pytest.raises(SubscribedAlready, match="change"):
        await any_billing.create(plan_order(ADA, "business"))
    again = await any_billing.create(plan_order(ADA, key="k1"))
    assert (again.checkout.checkout_id, again.replayed) == (done.checkout_id, True)
    for other in (plan_order(ADA, "business", key="k1"), plan_order(ADA, "pro", "year", key="k1")):
        with pytest.raises(IdempotencyKeyReused):
            await any_billing.create(other)
    assert len(any_billing.processor.sessions) == pages
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_two_pages_that_are_both_paid_leave_one_plan(any_billing: BillingUnderTest) -> None:
    """The first that is known stays; the money of the other goes back, and no credits come of it."""
    any_billing.clock.time = BEGAN
    pages = [
        (await any_billing.create(plan_order(ADA, plan))).checkout.page_id for plan in ("pro", "business")
    ]
    for page_id in pages:
        any_billing.processor.pay(page_id)
    for page_id in (*pages, *pages):
        await any_billing.settle(page_id)
    first, second = any_billing.processor.subscriptions.values()
    assert (first.ended_at, second.ended_at) == (None, BEGAN)
    (payment_id,) = {period.payment_id for period in second.periods}
    assert [refund.status for refund in any_billing.processor.payments[payment_id].refunds] == ["succeeded"]
    mine = await any_billing.reader.subscription(ADA)
    assert mine is not None
    assert mine.plan_id == "pro"
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_a_plan_that_ended_unheard_is_no_reason_against_another(any_billing: BillingUnderTest) -> None:
    """Nobody told of the end: it is asked for before somebody is refused."""
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    any_billing.processor.end(mine.paid.processor_id)
    any_billing.clock.advance(days=1)
    await buy(any_billing, "business")
    found = await any_billing.reader.subscription(ADA)
    assert found is not None
    assert found.plan_id == "business"
    facts = await any_billing.told_facts()
    assert [fact[0] for fact in facts].count("SubscriptionRenewed") == 3  # pro, free again, business


@pytest.mark.parametrize(
    "order",
    [
        replace(plan_order(), pack_id="starter"),
        replace(plan_order(), plan_id=None),
        replace(plan_order(), interval=None),
    ],
)
async def test_an_order_is_of_one_thing(memory_billing: BillingUnderTest, order: object) -> None:
    """A pack or a plan, and a plan by an interval; nothing is stored."""
    with pytest.raises(InvalidField):
        await memory_billing.create(order)
    assert memory_billing.processor.sessions == {}


@pytest.mark.parametrize("plan", ["free", "gold"])
async def test_what_has_no_price_is_not_sold(memory_billing: BillingUnderTest, plan: str) -> None:
    """A free plan, and one that there is not."""
    with pytest.raises(PlanNotOnSale):
        await memory_billing.create(plan_order(plan=plan))
    assert memory_billing.processor.sessions == {}


async def test_the_free_plan_makes_way_and_comes_back(any_billing: BillingUnderTest) -> None:
    """On its own days: who pays for a while gets no month of it twice."""
    any_billing.clock.time = BEGAN - timedelta(days=10)
    began = any_billing.clock.time
    free = any_billing.catalogue.plans[0]
    await StartFreePlanHandler(any_billing.units, any_billing.clock, any_billing.ids, free)(ADA, since=began)
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    any_billing.clock.advance(days=1)
    any_billing.processor.end(mine.paid.processor_id)
    await any_billing.settle_plan(mine.paid.processor_id)
    again = await any_billing.reader.subscription(ADA)
    assert again is not None
    assert (again.plan_id, again.began_at, again.paid) == ("free", began, None)
    await come(any_billing, datetime(2026, 2, 21, 9, tzinfo=UTC))
    await any_billing.facts.expect(
        renewed(ADA, began, 500),
        changed(ADA, 1, "free"),
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 2, "pro", *PRO),
        changed(ADA, 3, "free"),
        renewed(ADA, datetime(2026, 2, 21, 9, tzinfo=UTC), 500),
    )


async def test_an_upgrade_is_paid_and_granted_at_once(any_billing: BillingUnderTest) -> None:
    """The difference for the rest of the month, once; the whole when the next month begins."""
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    day_10 = BEGAN + timedelta(days=14)
    any_billing.clock.time = day_10
    plan, price = any_billing.catalogue.on_sale(PlanId("business"), BillingInterval.MONTH)
    await any_billing.processor.change_now(mine.paid.processor_id, plan, price, request_id="r1")
    for _ in range(2):
        await any_billing.settle_plan(mine.paid.processor_id)
    await come(any_billing, FEBRUARY)
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        raised(ADA, day_10, 1500),
        changed(ADA, 2, "business", "premium", "business"),
        renewed(ADA, FEBRUARY, 6000),
        changed(ADA, 3, "business", "premium", "business"),
    )


async def test_what_is_none_of_ours_is_left_alone(memory_billing: BillingUnderTest) -> None:
    """Another application's subscription on the same account, and one of a product that we never made."""
    mine = await subscribed(memory_billing)
    assert mine.paid is not None
    seen = memory_billing.processor.subscriptions[mine.paid.processor_id]
    for strange in (replace(seen, user_id=None), replace(seen, plan_id=None)):
        memory_billing.processor.subscriptions[mine.paid.processor_id] = strange
        assert await memory_billing.settle_plan(mine.paid.processor_id) is None
    assert await memory_billing.reader.subscription(ADA) == mine
    await memory_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_webhooks_of_subscriptions_and_invoices_are_hints(any_billing: BillingUnderTest) -> None:
    """They lead to the same place, in any order; what nobody knows is ignored."""
    any_billing.clock.time = BEGAN
    opened = await any_billing.create(plan_order(ADA))
    any_billing.processor.pay(opened.checkout.page_id)
    (subscription,) = any_billing.processor.subscriptions.values()
    for number in range(2):
        invoice_id = subscription.periods[0].invoice_id
        await any_billing.told_about(f"evt_i{number}", invoice_id=invoice_id)
        await any_billing.told_about(f"evt_s{number}", subscription_id=subscription.processor_id)
        await any_billing.told_about(f"evt_n{number}", invoice_id="in_nobodys")
    assert sorted(await any_billing.process_all()) == ["done"] * 4 + ["ignored"] * 2
    await any_billing.facts.expect(renewed(ADA, BEGAN, 3000), changed(ADA, 1, "pro", *PRO))


async def test_what_was_changed_elsewhere_is_seen_within_hours(any_billing: BillingUnderTest) -> None:
    """In the portal, with no webhook: the scheduler looks before the month is over."""
    mine = await subscribed(any_billing)
    assert mine.paid is not None
    middle = BEGAN + timedelta(days=14)
    await come(any_billing, middle)
    plan, price = any_billing.catalogue.on_sale(PlanId("business"), BillingInterval.MONTH)
    await any_billing.processor.change_now(mine.paid.processor_id, plan, price, request_id="r1")
    await come(any_billing, middle + timedelta(hours=6))
    await any_billing.facts.expect(
        renewed(ADA, BEGAN, 3000),
        changed(ADA, 1, "pro", *PRO),
        raised(ADA, middle, 1500),
        changed(ADA, 2, "business", "premium", "business"),
    )


@pytest.mark.parametrize("times", [1, 5])
async def test_an_old_answer_undoes_nothing(
    memory_billing: BillingUnderTest, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """What was written while the processor was asked may be newer: it is asked again, a few times."""
    mine = await subscribed(memory_billing)
    assert mine.paid is not None
    processor, find = memory_billing.processor, memory_billing.processor.find_subscription
    changes = [processor.cancel_later, processor.keep] * 3
    held: list[ProcessorSubscription] = []

    async def late(processor_id: ProcessorSubscriptionId) -> ProcessorSubscription:
        old = await find(processor_id)
        if len(held) < times:
            held.append(old)
            await changes[len(held) - 1](processor_id, request_id=f"r{len(held)}")
            with monkeypatch.context() as patch:
                patch.setattr(processor, "find_subscription", find)
                await memory_billing.settle_plan(processor_id)
        return old

    monkeypatch.setattr(processor, "find_subscription", late)
    if times < ASKED_MAX:
        await memory_billing.settle_plan(mine.paid.processor_id)
    else:
        with pytest.raises(PaymentProcessorUnavailable):
            await memory_billing.settle_plan(mine.paid.processor_id)
    kept = await memory_billing.reader.subscription(ADA)
    assert kept is not None
    assert kept.paid is not None
    # The last of the changes took the plan's end, not one that was read before it.
    assert kept.paid.cancels_at is not None
    await memory_billing.facts.expect(
        renewed(ADA, BEGAN, 3000), *(changed(ADA, revision, "pro", *PRO) for revision in range(1, times + 2))
    )
