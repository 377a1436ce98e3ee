"""A person's plan, and when its credits come. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.identifiers import PlanId, ProcessorSubscriptionId, SubscriptionId, UserId
from billing.domain.month import Month, month_of
from billing.domain.standing import FREE, BillingInterval, Standing, SubscriptionStatus


@dataclass(frozen=True, kw_only=True)
class ScheduledChange:
    """What a paid plan becomes when its period ends."""

    plan_id: PlanId
    interval: BillingInterval
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PaidTerms:
    """How a plan that is paid stands at the payment processor, as it said last."""

    processor_id: ProcessorSubscriptionId
    interval: BillingInterval
    status: SubscriptionStatus
    price_minor: int
    currency: str
    # The processor's periods, and so the months, are counted from here; it lies ahead while a trial lasts.
    anchor: datetime
    period_start: datetime
    period_end: datetime
    trial_end: datetime | None = None
    # When it ends, if somebody wanted it to.
    cancels_at: datetime | None = None
    change: ScheduledChange | None = None


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Somebody has a plan, from `began_at` on. Everybody has at most one that has not ended."""

    subscription_id: SubscriptionId
    user_id: UserId
    plan_id: PlanId
    # A free plan's months begin on this day of the month, at this time of the day.
    began_at: datetime
    # When the month began whose credits came last.
    allocated_from: datetime | None = None
    # When it is looked at next.
    next_allocation_at: datetime
    ended_at: datetime | None = None
    # None: the plan is free.
    paid: PaidTerms | None = None

    def month(self, now: datetime) -> Month:
        """Return the month that it is in; of a paid plan no later one than its period has."""
        if self.paid is None:
            return month_of(self.began_at, now)
        return month_in(Month(self.paid.period_start, self.paid.period_end), self.paid.anchor, now)

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

    def mirrored(self, plan_id: PlanId, paid: PaidTerms, *, ended_at: datetime | None) -> "Subscription":
        """Return it as the payment processor says that it stands now."""
        ended_at = None if ended_at is None else max(ended_at, self.began_at)
        return replace(self, plan_id=plan_id, paid=paid, ended_at=ended_at)

    def looked_at(self, next_at: datetime) -> "Subscription":
        """Return it with when it is looked at next."""
        return replace(self, next_allocation_at=next_at)

    @property
    def standing(self) -> Standing:
        """What is told of it."""
        if self.ended_at is not None:
            return Standing(status=SubscriptionStatus.ENDED)
        if self.paid is None:
            return FREE
        return Standing(
            status=self.paid.status,
            interval=self.paid.interval,
            period_end=self.paid.period_end,
            cancel_at_period_end=self.paid.cancels_at is not None,
        )


def month_in(period: Month, anchor: datetime, now: datetime) -> Month:
    """Return the month of a paid period that a moment is in.

    It is counted from the anchor, so that the 31st is the 31st again after February, or from the period's
    beginning while the anchor lies ahead, in a trial; and it ends with the period.
    """
    month = month_of(min(anchor, period.start), min(now, period.end))
    if month.start >= period.end:
        month = month_of(min(anchor, period.start), period.start)
    return Month(max(month.start, period.start), min(month.end, period.end))
