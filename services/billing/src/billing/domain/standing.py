"""How somebody's subscription stands, as it is told to whoever opens something for it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A renewal is known when its payment is, hours after the period ended; a webhook may need days.
GRACE = timedelta(days=3)


class SubscriptionStatus(StrEnum):
    """Where a subscription is. PAST_DUE keeps the plan until the processor gives up; ENDED is final."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    ENDED = "ended"


class BillingInterval(StrEnum):
    """How often a plan is paid for."""

    MONTH = "month"
    YEAR = "year"


_WITHOUT_PLAN = frozenset({SubscriptionStatus.PAUSED, SubscriptionStatus.ENDED})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A subscription's state; without an interval and a paid period it is a free plan's."""

    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    interval: BillingInterval | None = None
    # When the processor's current period ends, paid or not yet.
    period_end: datetime | None = None
    cancel_at_period_end: bool = False

    @property
    def opens(self) -> bool:
        """Whether what the plan opens is open."""
        return self.status not in _WITHOUT_PLAN

    def opens_at(self, now: datetime) -> bool:
        """Whether what the plan opens is open at a moment: not once nobody believes it any more."""
        return self.opens and (self.valid_until is None or now < self.valid_until)

    @property
    def valid_until(self) -> datetime | None:
        """Until when whoever hears nothing newer may believe it; None: for good."""
        return None if self.period_end is None or not self.opens else self.period_end + GRACE


FREE = Standing()
