"""Plans: everybody begins with the free one, and each month's credits are told once, on the day."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.application.renew_subscriptions import BATCH_MAX, RenewSubscriptionsHandler
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.errors import SubscriptionNotFound
from billing.domain.identifiers import PlanId, UserId
from billing.domain.month import Month
from billing_support import BillingUnderTest, begun, renewed

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)
FEBRUARY, MARCH = datetime(2026, 2, 28, 9, tzinfo=UTC), datetime(2026, 3, 31, 9, tzinfo=UTC)


def starting(billing: BillingUnderTest, plan: str | None = "free") -> StartFreePlanHandler:
    """The use case that gives everybody this plan."""
    chosen = billing.catalogue.find_plan(PlanId(plan)) if plan else None
    return StartFreePlanHandler(billing.units, billing.clock, billing.ids, chosen)


def renewing(billing: BillingUnderTest) -> RenewSubscriptionsHandler:
    """The use case that looks for months that are over."""
    return RenewSubscriptionsHandler(billing.units, billing.catalogue, billing.settle_plan, billing.clock)


async def test_a_newcomer_has_the_first_month_at_once(any_billing: BillingUnderTest) -> None:
    """Told with the plan, and once, though the fact of it comes again."""
    any_billing.clock.time = BEGAN + timedelta(seconds=3)
    start = starting(any_billing)
    assert await start(ADA, since=BEGAN)
    assert not await start(ADA, since=BEGAN)
    assert await renewing(any_billing)() == 0
    await any_billing.facts.expect(*begun(ADA, BEGAN, 500))
    standing = await any_billing.read_subscription(ADA)
    assert standing.subscription.plan_id == "free"
    assert standing.month == Month(BEGAN, FEBRUARY)
    with pytest.raises(SubscriptionNotFound):
        await any_billing.read_subscription(BOB)


async def test_where_there_is_no_free_plan_nobody_has_one(any_billing: BillingUnderTest) -> None:
    """Nothing is stored, nothing told."""
    assert not await starting(any_billing, None)(ADA, since=BEGAN)
    assert await any_billing.reader.subscription(ADA) is None


async def test_each_month_is_told_on_its_day_and_once(any_billing: BillingUnderTest) -> None:
    """Not a moment before; the 31st is the last day of February."""
    any_billing.clock.time = BEGAN
    await starting(any_billing)(ADA, since=BEGAN)
    renew = renewing(any_billing)
    any_billing.clock.time = FEBRUARY - timedelta(microseconds=1)
    assert await renew() == 0
    any_billing.clock.time = FEBRUARY
    assert await renew() == 1
    assert await renew() == 0
    any_billing.clock.time = MARCH + timedelta(days=3)
    assert await renew() == 1
    await any_billing.facts.expect(
        *begun(ADA, BEGAN, 500), *(renewed(ADA, day, 500) for day in (FEBRUARY, MARCH))
    )


async def test_months_that_nobody_could_spend_are_not_told(any_billing: BillingUnderTest) -> None:
    """After an outage of two months and a half only the month that it is by then comes."""
    any_billing.clock.time = BEGAN
    await starting(any_billing)(ADA, since=BEGAN)
    any_billing.clock.time = datetime(2026, 4, 15, tzinfo=UTC)
    assert await renewing(any_billing)() == 1
    await any_billing.facts.expect(*begun(ADA, BEGAN, 500), renewed(ADA, MARCH, 500))


async def test_a_registration_that_is_heard_late_begins_when_it_was(any_billing: BillingUnderTest) -> None:
    """The months keep the day of the registration, and only the one that it is now is told."""
    any_billing.clock.time = FEBRUARY + timedelta(days=1)
    await starting(any_billing)(ADA, since=BEGAN)
    await any_billing.facts.expect(*begun(ADA, FEBRUARY, 500))


async def test_a_registration_from_the_future_begins_now(any_billing: BillingUnderTest) -> None:
    """A clock that is ahead of ours lets nobody wait."""
    any_billing.clock.time = BEGAN
    await starting(any_billing)(ADA, since=MARCH)
    await any_billing.facts.expect(*begun(ADA, BEGAN, 500))


async def test_several_that_renew_tell_each_month_once(any_billing: BillingUnderTest) -> None:
    """Replicas side by side, with more than a batch of months that end in the same moment."""
    any_billing.clock.time = BEGAN
    people = [UserId(f"usr_{number:03}") for number in range(BATCH_MAX + 20)]
    start = starting(any_billing)
    for user_id in people:
        await start(user_id, since=BEGAN)
    any_billing.clock.time = FEBRUARY
    found = await asyncio.gather(*(renewing(any_billing)() for _ in range(4)))
    assert sum(found) == len(people)
    told = await any_billing.told_facts()
    assert sorted(told) == sorted(
        fact for who in people for fact in (*begun(who, BEGAN, 500), renewed(who, FEBRUARY, 500))
    )


async def test_a_plan_that_is_no_more_keeps_nobody_waiting(any_billing: BillingUnderTest) -> None:
    """Whoever has it is passed over until the catalogue has it again; then the month that it is comes."""
    any_billing.clock.time = BEGAN
    await starting(any_billing)(ADA, since=BEGAN)
    any_billing.clock.time = BEGAN + timedelta(minutes=1)
    await starting(any_billing)(BOB, since=BEGAN + timedelta(minutes=1))
    async with any_billing.units.of_system() as work:
        (subscription_id,) = await work.claim_renewals(now=FEBRUARY, until=FEBRUARY, limit=1)
        gone = await work.subscription(subscription_id)
        assert gone is not None
        await work.save_subscription(replace(gone, plan_id=PlanId("gone")))
    any_billing.clock.time = FEBRUARY + timedelta(minutes=1)
    assert await renewing(any_billing)() == 2
    assert await renewing(any_billing)() == 0
    await any_billing.facts.expect(
        *begun(ADA, BEGAN, 500),
        *begun(BOB, BEGAN + timedelta(minutes=1), 500),
        renewed(BOB, FEBRUARY + timedelta(minutes=1), 500),
    )
    async with any_billing.units.of_system() as work:
        await work.save_subscription(gone)
    any_billing.clock.time = FEBRUARY + timedelta(hours=2)
    assert await renewing(any_billing)() == 1
    await any_billing.facts.expect(renewed(ADA, FEBRUARY, 500))


async def test_an_ended_plan_gets_nothing_and_no_free_one_follows(any_billing: BillingUnderTest) -> None:
    """Nothing is due any more; the fact of the registration, told again, starts no second one."""
    any_billing.clock.time = BEGAN
    await starting(any_billing)(ADA, since=BEGAN)
    subscription = await any_billing.reader.subscription(ADA)
    assert subscription is not None
    async with any_billing.units.of_system() as work:
        await work.save_subscription(replace(subscription, ended_at=BEGAN + timedelta(days=1)))
    any_billing.clock.time = MARCH
    assert await renewing(any_billing)() == 0
    assert not await starting(any_billing)(ADA, since=BEGAN)
    assert await any_billing.reader.subscription(ADA) is None
    await any_billing.facts.expect(*begun(ADA, BEGAN, 500))


async def test_whoever_dies_after_taking_one_leaves_it_to_the_others(any_billing: BillingUnderTest) -> None:
    """Nothing is told by taking it; a minute later another tells it."""
    any_billing.clock.time = BEGAN
    await starting(any_billing)(ADA, since=BEGAN)
    any_billing.clock.time = FEBRUARY
    async with any_billing.units.of_system() as work:
        assert await work.claim_renewals(now=FEBRUARY, until=FEBRUARY + timedelta(minutes=1), limit=10)
    assert await renewing(any_billing)() == 0
    any_billing.clock.advance(60)
    assert await renewing(any_billing)() == 1
    await any_billing.facts.expect(*begun(ADA, BEGAN, 500), renewed(ADA, FEBRUARY, 500))
