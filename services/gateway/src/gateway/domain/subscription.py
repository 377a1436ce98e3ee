"""Plans, and which one a person has."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import PlanId, SubscriptionId


class BillingInterval(StrEnum):
    """For how long a plan is paid at once."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True)
class PlanPrice:
    """What a plan costs for an interval, in the currency's smallest unit."""

    interval: BillingInterval
    price_minor: int
    currency: str


class SubscriptionStatus(StrEnum):
    """How a subscription stands; a paused or ended one opens nothing."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Credits that come every month; what is left of them ends with it. Without prices it is not sold."""

    plan_id: PlanId
    title: str
    description: str
    credits: int
    features: tuple[str, ...]
    badge: str | None
    # What it opens, words such as `premium`.
    entitlements: tuple[str, ...] = ()
    prices: tuple[PlanPrice, ...] = ()
    trial_days: int = 0


@dataclass(frozen=True, kw_only=True)
class ScheduledChange:
    """What a plan becomes when the period that is paid for ends."""

    plan_id: PlanId
    interval: BillingInterval
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A person's plan, and the month that it is in; `plan` is None once it is on offer no more.

    A free plan has no interval, and nothing of what is paid.
    """

    subscription_id: SubscriptionId
    plan_id: PlanId
    plan: Plan | None
    began_at: datetime
    period_start: datetime
    period_end: datetime
    # What it opens now, words such as `premium`.
    entitlements: tuple[str, ...]
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    interval: BillingInterval | None = None
    price_minor: int | None = None
    currency: str | None = None
    paid_period_start: datetime | None = None
    paid_period_end: datetime | None = None
    trial_end: datetime | None = None
    cancels_at: datetime | None = None
    scheduled_change: ScheduledChange | None = None
    next_allocation_at: datetime | None = None

    def changes_at_once(self, plan: Plan, interval: BillingInterval) -> bool:
        """Whether billing would begin another plan at once: for more credits, or the same for longer.

        Everything else waits for the end of what is paid for. A person is told before they ask for it; what
        billing answers is what counts.
        """
        if self.plan is None:
            return False
        is_shorter = (self.interval, interval) == (BillingInterval.YEAR, BillingInterval.MONTH)
        is_longer = (self.interval, interval) == (BillingInterval.MONTH, BillingInterval.YEAR)
        if is_shorter or plan.credits < self.plan.credits:
            return False
        return plan.credits > self.plan.credits or is_longer
