"""A plan's entitlements and credits change in the catalogue while people have it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from billing.application.start_free_plan import StartFreePlanHandler
from billing.application.tell_entitlements import BATCH_MAX, TellEntitlementsHandler
from billing.domain.catalogue import Catalogue
from billing.domain.identifiers import PlanId, RequestId, SubscriptionId, UserId
from billing.domain.plan import Plan
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import Subscription
from billing.ports.clock import Clock
from billing_support import BillingUnderTest, changed, renewed
from paid_plan_world import ADA, BEGAN, FEBRUARY, MARCH, PRO, come, subscribed

BOB = UserId("usr_bob")


def with_plan(catalogue: Catalogue, plan_id: str, **changes: Any) -> Catalogue:
    """The catalogue after an operator changed a plan."""
    plans = (replace(plan, **changes) if plan.plan_id == plan_id else plan for plan in catalogue.plans)
    return replace(catalogue, plans=tuple(plans))


def restarted(billing: BillingUnderTest, catalogue: Catalogue) -> TellEntitlementsHandler:
    """Billing started again, with another catalogue."""
    teller = replace(billing.settle_plan.credits, catalogue=catalogue)
    billing.settle_plan = replace(billing.settle_plan, catalogue=catalogue, credits=teller)
    billing.renew = replace(billing.renew, catalogue=catalogue, settle=billing.settle_plan)
    return replace(billing.tell_entitlements, catalogue=catalogue)


async def have_free_plan(billing: BillingUnderTest, user_id: UserId) -> None:
    """Begin with the free plan."""
    free = billing.catalogue.plans[0]
    await StartFreePlanHandler(billing.units, billing.clock, billing.ids, free)(
        user_id, since=billing.clock.now()
    )


async def test_what_a_plan_opens_reaches_whoever_has_it(any_billing: BillingUnderTest) -> None:
    """At once and once, by several replicas too; nobody else is told anything, nor when it is back."""
    await subscribed(any_billing)
    await have_free_plan(any_billing, BOB)
    await any_billing.facts.pass_over()
    assert await any_billing.tell_entitlements() == 0
    opened = with_plan(any_billing.catalogue, "pro", entitlements=("premium", "priority"))
    told = await asyncio.gather(*(restarted(any_billing, opened)() for _ in range(3)))
    assert sum(told) == 1
    await any_billing.facts.expect(changed(ADA, 2, "pro", "premium", "priority"))
    # Who has the free plan hears of theirs.
    free = with_plan(opened, "free", entitlements=("gallery",))
    assert await restarted(any_billing, free)() == 1
    await any_billing.facts.expect(changed(BOB, 2, "free", "gallery"))
    assert await restarted(any_billing, free)() == 0
    assert await any_billing.tell_entitlements() == 2
    await any_billing.facts.expect(changed(ADA, 3, "pro", *PRO), changed(BOB, 3, "free"))


@dataclass
class StumblingClock:
    """Fails once, for the first who is told anything."""

    clock: Clock
    stumbles: int = 1

    def now(self) -> datetime:
        """See Clock."""
        self.stumbles -= 1
        if self.stumbles == 0:
            raise RuntimeError("it is poisoned")
        return self.clock.now()


async def test_one_that_is_poisoned_stops_no_other(any_billing: BillingUnderTest) -> None:
    """Whoever comes after is told, and the next look tells the one that was left."""
    await have_free_plan(any_billing, ADA)
    await have_free_plan(any_billing, BOB)
    await any_billing.facts.pass_over()
    opened = restarted(any_billing, with_plan(any_billing.catalogue, "free", entitlements=("gallery",)))
    assert await replace(opened, clock=StumblingClock(any_billing.clock))() == 1
    await any_billing.facts.expect(changed(BOB, 2, "free", "gallery"))
    assert await opened() == 1
    await any_billing.facts.expect(changed(ADA, 2, "free", "gallery"))


async def test_what_is_paused_ended_or_gone_from_the_catalogue_is_told_nothing(
    any_billing: BillingUnderTest,
) -> None:
    """A plan that somebody took out by mistake keeps what it opens until it is back."""
    subscription = await subscribed(any_billing)
    await any_billing.facts.pass_over()
    fewer = Catalogue(any_billing.catalogue.packs, any_billing.catalogue.plans[:1])
    assert await restarted(any_billing, fewer)() == 0
    assert await restarted(any_billing, Catalogue(()))() == 0
    opened = with_plan(any_billing.catalogue, "pro", entitlements=("premium", "priority"))
    assert subscription.paid is not None
    paused = replace(subscription.paid, status=SubscriptionStatus.PAUSED)
    for change in ({"paid": paused}, {"ended_at": BEGAN + timedelta(days=1)}):
        async with any_billing.units.of_system() as work:
            await work.save_subscription(replace(subscription, **change))
        assert await restarted(any_billing, opened)() == 0


async def test_credits_come_with_the_next_month(any_billing: BillingUnderTest) -> None:
    """What came stays as it was promised; of a free plan as well, and whoever looks meanwhile."""
    subscription = await subscribed(any_billing, interval="year")
    assert subscription.paid is not None
    await have_free_plan(any_billing, BOB)
    await any_billing.facts.pass_over()
    more = with_plan(any_billing.catalogue, "pro", credits=4000)
    restarted(any_billing, with_plan(more, "free", credits=600))
    await come(any_billing, BEGAN + timedelta(days=10))
    await any_billing.settle_plan(subscription.paid.processor_id)
    await any_billing.facts.expect()
    await come(any_billing, FEBRUARY)
    await any_billing.facts.expect(renewed(ADA, FEBRUARY, 4000))
    # Bob began five seconds later.
    await come(any_billing, FEBRUARY + timedelta(minutes=1))
    await any_billing.facts.expect(renewed(BOB, FEBRUARY + timedelta(seconds=5), 600))
    fewer = with_plan(any_billing.catalogue, "pro", credits=2000)
    restarted(any_billing, fewer)
    await come(any_billing, MARCH)
    await any_billing.facts.expect(renewed(ADA, MARCH, 2000))


async def test_a_change_of_plan_tells_what_it_opens_by_then(any_billing: BillingUnderTest) -> None:
    """So that the next look has nothing to add."""
    await subscribed(any_billing)
    await any_billing.cancel_plan(ADA, request_id=RequestId("r1"))
    await any_billing.facts.pass_over()
    assert await any_billing.tell_entitlements() == 0


async def test_what_was_told_before_it_was_kept_is_told_once_more(memory_billing: BillingUnderTest) -> None:
    """However many they are."""
    plan: Plan = memory_billing.catalogue.plans[0]
    now = memory_billing.clock.now()
    users = [UserId(f"usr_{number:04}") for number in range(2 * BATCH_MAX + 1)]
    async with memory_billing.units.of_system() as work:
        for user_id in users:
            free = Subscription(
                subscription_id=SubscriptionId(f"plan_{user_id}"),
                user_id=user_id,
                plan_id=PlanId(plan.plan_id),
                began_at=now,
                next_allocation_at=now + timedelta(days=31),
            )
            await work.insert_subscription(free)
    assert await memory_billing.tell_entitlements() == len(users)
    assert await memory_billing.tell_entitlements() == 0
    await memory_billing.facts.expect(*(changed(user_id, 1) for user_id in users))
