"""What is told when somebody's plan changes: whole, and countable."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from billing.application.publish_change import publish_change
from billing.domain.identifiers import PlanId, SubscriptionId, UserId
from billing.domain.plan import Plan
from billing.domain.standing import BillingInterval, Standing, SubscriptionStatus
from billing.domain.subscription import Subscription
from billing_support import BillingUnderTest, changed
from tintype.billing.v1 import events_pb2 as pb

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")
NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
PRO = Plan(
    plan_id=PlanId("pro"), credits=3000, title="Pro", description="", entitlements=("premium", "priority")
)
SUBSCRIPTION = Subscription(
    subscription_id=SubscriptionId("plan_1"),
    user_id=ADA,
    plan_id=PRO.plan_id,
    began_at=NOW,
    next_allocation_at=NOW,
)


async def test_it_says_all_that_there_is(memory_billing: BillingUnderTest) -> None:
    """Everything that a consumer keeps; nobody has to ask billing for the rest."""
    standing = Standing(
        status=SubscriptionStatus.PAST_DUE,
        interval=BillingInterval.YEAR,
        period_end=NOW,
        cancel_at_period_end=True,
    )
    async with memory_billing.units.of(ADA) as work:
        await publish_change(work, SUBSCRIPTION, PRO, NOW, standing=standing)
    await memory_billing.facts.expect(changed(ADA, 1, "pro", "premium", "priority"))
    assert memory_billing.published is not None
    (told,) = await memory_billing.published()
    assert isinstance(told, pb.SubscriptionChanged)
    assert (told.subscription_id, told.status, told.interval, told.cancel_at_period_end) == (
        "plan_1",
        pb.SUBSCRIPTION_STATUS_PAST_DUE,
        pb.BILLING_INTERVAL_YEAR,
        True,
    )
    assert told.valid_until.ToDatetime(UTC) == NOW + timedelta(days=3)


@pytest.mark.parametrize("status", [SubscriptionStatus.PAUSED, SubscriptionStatus.ENDED])
async def test_what_is_over_opens_nothing(
    memory_billing: BillingUnderTest, status: SubscriptionStatus
) -> None:
    """Nor does a plan that the catalogue has no more."""
    async with memory_billing.units.of(ADA) as work:
        await publish_change(work, SUBSCRIPTION, PRO, NOW, standing=Standing(status=status, period_end=NOW))
    async with memory_billing.units.of(BOB) as work:
        await publish_change(work, replace(SUBSCRIPTION, user_id=BOB), None, NOW)
    await memory_billing.facts.expect(changed(ADA, 1, "pro"), changed(BOB, 1, "pro"))


async def test_changes_are_counted_an_account(any_billing: BillingUnderTest) -> None:
    """Side by side, each its own number; what is undone was not counted; another account has its own."""

    async def change(user_id: UserId) -> None:
        async with any_billing.units.of(user_id) as work:
            await publish_change(work, replace(SUBSCRIPTION, user_id=user_id), PRO, NOW)

    async def undone() -> None:
        async with any_billing.units.of(ADA) as work:
            await publish_change(work, SUBSCRIPTION, PRO, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    await asyncio.gather(*(change(ADA) for _ in range(5)), change(BOB))
    told = await any_billing.told_facts()
    opened = ("pro", "premium", "priority")
    expected = [changed(ADA, revision, *opened) for revision in range(1, 6)]
    assert sorted(told) == sorted([*expected, changed(BOB, 1, *opened)])
