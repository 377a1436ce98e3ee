"""Plans: credits that come every month, for nothing or at a price."""

from dataclasses import dataclass

from billing.domain.identifiers import PlanId
from billing.domain.standing import BillingInterval


@dataclass(frozen=True, kw_only=True)
class PlanPrice:
    """What a plan costs for an interval, in minor units of its currency."""

    interval: BillingInterval
    price_minor: int
    currency: str
    # The name under which the payment processor knows the price.
    price_name: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a plan grants and costs, and how it is shown. One without prices is free, and is not sold."""

    plan_id: PlanId
    # Of one month; what is left of them ends with it.
    credits: int
    title: str
    description: str
    features: tuple[str, ...] = ()
    badge: str | None = None
    # What it opens, words such as `premium`.
    entitlements: tuple[str, ...] = ()
    prices: tuple[PlanPrice, ...] = ()
    # How long somebody's first plan is tried before it is paid; 0: it is paid at once.
    trial_days: int = 0

    def price(self, interval: BillingInterval) -> PlanPrice | None:
        """Return what it costs for an interval."""
        return next((price for price in self.prices if price.interval is interval), None)
