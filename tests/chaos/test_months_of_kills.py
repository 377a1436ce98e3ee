"""A plan that is paid by the month, through all that becomes of one, while billing is killed -9 at each step.

Once every webhook comes three times and in no order, and once none comes.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
import stripe
from billing.domain.month import Month, month_of
from moved_world import until
from subscriber import ADA, HEARS, HEARS_NOTHING, Subscriber
from tintype.billing.v1 import billing_pb2, events_pb2

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

FREE, PRO = 500, 3000
# A renewal's invoice is a draft for an hour.
PAID_BY = timedelta(hours=2)
ACTIVE, PAST_DUE = events_pb2.SUBSCRIPTION_STATUS_ACTIVE, events_pb2.SUBSCRIPTION_STATUS_PAST_DUE
MONTHLY = events_pb2.BILLING_INTERVAL_MONTH


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a plan stands, as events and answers say alike."""

    plan: str
    status: int = ACTIVE
    ends: bool = False


@dataclass
class Story:
    """What is to be true by now; everybody is asked after each step."""

    ada: Subscriber
    told: list[Standing] = field(default_factory=list)
    granted: list[tuple[datetime, datetime, int]] = field(default_factory=list)

    async def agrees(self, standing: Standing, *, available: int) -> None:
        """Wait until balance, lots, events, billing's answer and the auditor say the same, and are right."""
        if not self.told or self.told[-1] != standing:
            self.told.append(standing)

        async def has_come() -> bool:
            plan = await self.ada.plan()
            said = Standing(plan=plan.plan_id, status=plan.status, ends=plan.HasField("cancels_at"))
            return (said, await self.ada.available()) == (standing, available)

        await until(has_come, f"{standing} with {available} credits")
        assert [grant for grant in await self.ada.grants() if grant[2] != FREE] == sorted(self.granted)

        async def is_told() -> bool:
            return self.standings() == self.told

        await until(is_told, f"{self.told} and nothing else is told")
        newest, plan = self.ada.changes()[-1], await self.ada.plan()
        assert (list(newest.entitlements), newest.interval) == (list(plan.entitlements), plan.interval)

        async def is_right() -> bool:
            return (await self.ada.verify()).ok

        await until(is_right, "the books are right")

    def standings(self) -> list[Standing]:
        """What was told, one after the other; a renewal is told with another end of the same."""
        changes = self.ada.changes()
        assert [change.revision for change in changes] == list(range(1, len(changes) + 1))
        said = (
            Standing(plan=change.plan_id, status=change.status, ends=change.cancel_at_period_end)
            for change in changes
        )
        return [standing for standing, _ in groupby(said)]

    async def change(self, plan: str) -> None:
        """Ask for another plan."""
        request = billing_pb2.ChangeSubscriptionRequest(
            user_id=ADA, plan_id=plan, interval=MONTHLY, idempotency_key=f"change to {plan}"
        )
        await self.ada.ask(self.ada.billing.ChangeSubscription, request)

    async def cancel(self, key: str) -> None:
        """Ask for its end."""
        request = billing_pb2.CancelSubscriptionRequest(user_id=ADA, idempotency_key=key)
        await self.ada.ask(self.ada.billing.CancelSubscription, request)

    async def resume(self) -> None:
        """Take that back."""
        request = billing_pb2.ResumeSubscriptionRequest(user_id=ADA, idempotency_key="resume")
        await self.ada.ask(self.ada.billing.ResumeSubscription, request)

    async def card(self, card: str) -> None:
        """Pay with another card from now on."""
        await self.ada.world.control(f"customers/{self.ada.customer}/card", card=card)

    def granted_for(self, month: Month, amount: int = PRO) -> None:
        """A month's credits are to be there."""
        self.granted.append((month.start, month.end, amount))


@pytest.mark.parametrize("mode", [HEARS, HEARS_NOTHING], ids=["webhooks thrice and shuffled", "no webhook"])
async def test_a_monthly_plan_comes_through_whenever_billing_is_killed(
    subscriber: Subscriber, mode: dict[str, Any]
) -> None:
    """Upgraded on day 10, downgraded, cancelled, kept, unpaid, paid and ended: all agree after each step."""
    ada = subscriber
    await ada.world.control("deliveries/mode", **mode)
    await ada.world.welcome(ADA)
    story = Story(ada)
    free, pro, business = (Standing(plan=plan) for plan in ("free", "pro", "business"))
    await until(lambda: has_plan(ada), "the free plan")
    await story.agrees(free, available=FREE)

    anchor, _ = await ada.subscribe(MONTHLY)
    first, second, third, fourth = (month_of(anchor, anchor + timedelta(days=31 * n)) for n in range(4))
    story.granted_for(first)
    await story.agrees(pro, available=FREE + PRO)

    await ada.let_come(anchor + timedelta(days=10), kill_during=True)
    await story.change("business")
    await until(lambda: is_raised(ada), "more credits")
    ((begins, ends, more),) = [grant for grant in await ada.grants() if grant[2] not in (FREE, PRO)]
    assert ends == first.end
    left = (first.end - begins) / (first.end - first.start)
    assert PRO * left <= more < PRO * left + 1
    story.granted_for(Month(begins, first.end), more)
    await story.agrees(business, available=FREE + PRO + more)

    await story.change("pro")
    await story.agrees(business, available=FREE + PRO + more)
    scheduled = (await ada.plan()).scheduled_change
    assert (scheduled.plan_id, scheduled.at.ToDatetime(first.end.tzinfo)) == ("pro", first.end)
    await ada.let_come(second.start + PAID_BY, kill_during=False)
    story.granted_for(second)
    await story.agrees(pro, available=PRO)
    assert not (await ada.plan()).HasField("scheduled_change")

    await story.cancel("cancel")
    await story.agrees(Standing(plan="pro", ends=True), available=PRO)
    await story.resume()
    await story.agrees(pro, available=PRO)

    await story.card("pm_card_chargeCustomerFail")
    await ada.let_come(third.start + PAID_BY, kill_during=True)
    await story.agrees(Standing(plan="pro", status=PAST_DUE), available=0)

    await story.card("pm_card_visa")
    for owed in ada.world.sdk.invoices.list({"status": "open"}).data:
        with suppress(stripe.InvalidRequestError):
            # The new card may have paid it by itself.
            ada.world.sdk.invoices.pay(owed.id)
    await ada.let_come(third.start + timedelta(days=1), kill_during=False)
    story.granted_for(third)
    await story.agrees(pro, available=PRO)

    await story.cancel("cancel again")
    await story.agrees(Standing(plan="pro", ends=True), available=PRO)
    await ada.let_come(fourth.start + PAID_BY, kill_during=True)
    await story.agrees(free, available=FREE)

    if mode is HEARS:
        await ada.everything_is_heard()
        await story.agrees(free, available=FREE)
    # The first month, and the one that it is after the plan: none that a paid plan stood in for.
    assert [grant[2] for grant in await ada.grants()].count(FREE) == 2
    assert len(await ada.purchases()) == 4
    verification = await ada.verify()
    assert verification.ok, verification.as_dict()
    assert verification.money is not None
    assert verification.money.differing == 0


async def has_plan(ada: Subscriber) -> bool:
    """Whether the free plan began."""
    return bool(ada.changes())


async def is_raised(ada: Subscriber) -> bool:
    """Whether the upgrade's credits have come."""
    return any(grant[2] not in (FREE, PRO) for grant in await ada.grants())
