"""The plan that everybody has who pays for none: it makes way for a paid one, and comes back after it."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.application.publish_change import publish_change
from billing.application.renew_subscriptions import allocate
from billing.domain.identifiers import SubscriptionId, UserId
from billing.domain.plan import Plan
from billing.domain.subscription import Subscription
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class FreePlan:
    """The same subscription comes back, on its own days: who pays and stops gets no month of it twice."""

    ids: IdSource
    # None: nobody has a plan without paying.
    plan: Plan | None

    async def pause(self, work: UnitOfWork, live: Subscription, now: datetime) -> None:
        """End a free subscription. What is left of its month stays until the month is over."""
        await work.save_subscription(replace(live, ended_at=max(now, live.began_at)))

    async def resume(self, work: UnitOfWork, user_id: UserId, *, since: datetime, now: datetime) -> bool:
        """Let the free plan begin again, with its month unless that came before; False without one."""
        if self.plan is None or await work.is_erased(user_id):
            return False
        known = await work.free_subscription(user_id)
        if known is None:
            known = Subscription(
                subscription_id=SubscriptionId(self.ids.new("plan")),
                user_id=user_id,
                plan_id=self.plan.plan_id,
                began_at=min(since, now),
                next_allocation_at=now,
            )
            await work.insert_subscription(known)
        resumed = replace(known, plan_id=self.plan.plan_id, ended_at=None, next_allocation_at=now)
        await work.save_subscription(resumed)
        await allocate(work, resumed, self.plan, now)
        await publish_change(work, resumed, self.plan, now)
        return True
