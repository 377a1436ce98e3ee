"""Plans that can't be renewed now: for how long each rests, and what is written meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.application import forget_webhook_bodies, list_promotions, reconcile_checkouts
from billing.application.renew_subscriptions import RenewSubscriptionsHandler, allocate
from billing.application.start_free_plan import StartFreePlanHandler
from billing.domain.catalogue import Catalogue
from billing.domain.identifiers import PlanId, SubscriptionId, UserId
from billing.domain.subscription import Subscription
from billing_support import BillingUnderTest, changed, renewed

ADA = UserId("usr_ada")
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 28, 9, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


async def begun(billing: BillingUnderTest) -> Subscription:
    """Ada's free plan, with the first month told."""
    billing.clock.time = BEGAN
    plan = billing.catalogue.find_plan(PlanId("free"))
    start = StartFreePlanHandler(billing.units, billing.clock, billing.ids, plan)
    assert await start(ADA, since=BEGAN) is True
    assert await start(ADA, since=BEGAN) is False
    await billing.facts.expect(renewed(ADA, BEGAN, 500), changed(ADA, 1))
    return await kept(billing)


async def kept(billing: BillingUnderTest) -> Subscription:
    """Ada's plan as it is stored."""
    subscription = await billing.reader.subscription(ADA)
    assert subscription is not None
    return subscription


async def write(billing: BillingUnderTest, subscription: Subscription) -> None:
    """Store the plan as it is given."""
    async with billing.units.of_system() as work:
        await work.save_subscription(subscription)


def renewing(billing: BillingUnderTest) -> RenewSubscriptionsHandler:
    """The use case that looks for months that are over."""
    return RenewSubscriptionsHandler(billing.units, billing.catalogue, billing.settle_plan, billing.clock)


async def test_a_first_plan_is_looked_at_when_its_month_ends(memory_billing: BillingUnderTest) -> None:
    """It begins with the registration, and its id says what it is."""
    subscription = await begun(memory_billing)
    assert subscription.subscription_id.startswith("plan_")
    assert (subscription.user_id, subscription.plan_id, subscription.ended_at) == (ADA, "free", None)
    assert (subscription.began_at, subscription.allocated_from) == (BEGAN, BEGAN)
    assert subscription.next_allocation_at == FEBRUARY


async def test_nobody_begins_where_no_plan_is_given(memory_billing: BillingUnderTest) -> None:
    """The answer is no."""
    start = StartFreePlanHandler(memory_billing.units, memory_billing.clock, memory_billing.ids, None)
    assert await start(ADA, since=BEGAN) is False


async def test_a_plan_that_the_catalogue_lost_rests_for_an_hour(memory_billing: BillingUnderTest) -> None:
    """To the moment; nothing is told, and it is not ended."""
    subscription = await begun(memory_billing)
    await write(memory_billing, replace(subscription, plan_id=PlanId("gone")))
    memory_billing.clock.time = FEBRUARY
    renew = renewing(memory_billing)
    for _ in range(2):
        assert await renew() == 1
        rests_until = memory_billing.clock.now() + timedelta(hours=1)
        resting = replace(subscription, plan_id=PlanId("gone"), next_allocation_at=rests_until)
        assert await kept(memory_billing) == resting
        memory_billing.clock.time = rests_until - MOMENT
        assert await renew() == 0
        memory_billing.clock.time = rests_until


async def test_a_month_that_was_told_is_not_told_again(memory_billing: BillingUnderTest) -> None:
    """A plan that is looked at too early is looked at again when its month ends."""
    subscription = await begun(memory_billing)
    memory_billing.clock.advance(3_600)
    now = memory_billing.clock.now()
    plan = memory_billing.catalogue.find_plan(PlanId("free"))
    assert plan is not None
    async with memory_billing.units.of_system() as work:
        assert await allocate(work, subscription, plan, now) is False
    await write(memory_billing, replace(subscription, next_allocation_at=now))
    assert await renewing(memory_billing)() == 1
    assert await kept(memory_billing) == subscription


class Unreadable(Catalogue):
    """A catalogue that fails in a way that nobody expects."""

    def find_plan(self, plan_id: PlanId) -> None:
        """Fail."""
        raise RuntimeError(f"{plan_id} can't be read")


async def test_whoever_fails_leaves_the_plan_to_the_others_after_a_minute(
    memory_billing: BillingUnderTest,
) -> None:
    """Not a moment sooner; then the month is told."""
    subscription = await begun(memory_billing)
    memory_billing.clock.time = FEBRUARY
    unreadable = Unreadable(memory_billing.catalogue.packs)
    failing = RenewSubscriptionsHandler(
        memory_billing.units, unreadable, memory_billing.settle_plan, memory_billing.clock
    )
    assert await failing() == 1
    taken = replace(subscription, next_allocation_at=FEBRUARY + timedelta(minutes=1))
    assert await kept(memory_billing) == taken
    memory_billing.clock.time = FEBRUARY + timedelta(minutes=1) - MOMENT
    assert await renewing(memory_billing)() == 0
    memory_billing.clock.time += MOMENT
    assert await renewing(memory_billing)() == 1
    await memory_billing.facts.expect(renewed(ADA, FEBRUARY, 500))


@pytest.mark.parametrize("is_gone", [False, True], ids=["ended", "gone"])
async def test_a_plan_that_ended_after_it_was_taken_is_left_alone(
    memory_billing: BillingUnderTest, is_gone: bool
) -> None:
    """Nothing is told, nothing written."""
    subscription = await begun(memory_billing)
    memory_billing.clock.time = FEBRUARY
    ended = replace(subscription, ended_at=FEBRUARY)
    await write(memory_billing, ended)
    taken = SubscriptionId("plan_gone") if is_gone else subscription.subscription_id
    await renewing(memory_billing)._renew(taken)
    async with memory_billing.units.of_system() as work:
        assert await work.subscription(subscription.subscription_id) == ended
        assert await work.subscription(SubscriptionId("plan_gone")) is None


def test_bounds_of_a_batch() -> None:
    """What one pass takes at most."""
    assert reconcile_checkouts.BATCH_MAX == 40
    assert forget_webhook_bodies.BATCH_MAX == 500
    assert list_promotions.PROMOTIONS_MAX == 1_000


async def test_what_is_sold_is_the_catalogues(memory_billing: BillingUnderTest) -> None:
    """All of it, in its order."""
    assert await memory_billing.packs() == memory_billing.catalogue.packs
    assert len(memory_billing.catalogue.packs) > 1
