"""A person's plan, and when its credits come. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.identifiers import PlanId, SubscriptionId, UserId
from billing.domain.month import Month, month_of


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Somebody has a plan, from `began_at` on. Everybody has at most one that has not ended."""

    subscription_id: SubscriptionId
    user_id: UserId
    plan_id: PlanId
    # Its months begin on this day of the month, at this time of the day.
    began_at: datetime
    # When the month began whose credits came last.
    allocated_from: datetime | None = None
    # When it is looked at next.
    next_allocation_at: datetime
    ended_at: datetime | None = None

    def month(self, now: datetime) -> Month:
        """Return the month that it is in."""
        return month_of(self.began_at, now)

    def due_month(self, now: datetime) -> Month | None:
        """Return the month whose credits are due, if they have not come yet.

        Months that went by without theirs are over: nobody could spend them any more.
        """
        month = self.month(now)
        is_begun = self.ended_at is None and self.began_at <= now
        has_come = self.allocated_from is not None and self.allocated_from >= month.start
        return None if has_come or not is_begun else month

    def allocated(self, month: Month) -> "Subscription":
        """Return it with this month's credits told; it is looked at again when the next one begins."""
        return replace(self, allocated_from=month.start, next_allocation_at=month.end)
