"""Use case: give a new user the plan that everybody begins with."""

from dataclasses import dataclass
from datetime import datetime

from billing.application.publish_change import publish_change
from billing.application.renew_subscriptions import allocate
from billing.domain.identifiers import SubscriptionId, UserId
from billing.domain.plan import Plan
from billing.domain.subscription import Subscription
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class StartFreePlanHandler:
    """The first month's credits, and what the plan opens, are told with it, in one transaction."""

    units: UnitsOfWork
    clock: Clock
    ids: IdSource
    # None: nobody begins with a plan.
    plan: Plan | None

    async def __call__(self, user_id: UserId, *, since: datetime) -> bool:
        """Start it; False where there is none, and for who has, or ever had, one: it came twice, or late."""
        if self.plan is None:
            return False
        now = self.clock.now()
        subscription = Subscription(
            subscription_id=SubscriptionId(self.ids.new("plan")),
            user_id=user_id,
            plan_id=self.plan.plan_id,
            # A clock that is ahead of ours moves no month.
            began_at=min(since, now),
            next_allocation_at=now,
        )
        async with self.units.of(user_id) as work:
            if await work.is_erased(user_id) or not await work.add_subscription(subscription):
                return False
            await allocate(work, subscription, self.plan, now)
            await publish_change(work, subscription, self.plan, now)
        return True
