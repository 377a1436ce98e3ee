"""What a checkout sells: a pack once, or a plan for each of its intervals. Pure."""

from dataclasses import dataclass

from billing.domain.identifiers import PackId, PlanId
from billing.domain.pack import Pack
from billing.domain.plan import Plan, PlanPrice
from billing.domain.standing import BillingInterval


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Either a pack or a plan, at its present terms."""

    pack_id: PackId | None = None
    plan_id: PlanId | None = None
    interval: BillingInterval | None = None
    title: str
    credits: int
    price_minor: int
    currency: str
    # The name under which the payment processor knows the price.
    price_name: str
    # How long it is tried before it is paid; 0: it is paid at once.
    trial_days: int = 0


def offer_of_pack(pack: Pack) -> Offer:
    """Return a pack as what is sold."""
    return Offer(
        pack_id=pack.pack_id,
        title=pack.title,
        credits=pack.credits,
        price_minor=pack.price_minor,
        currency=pack.currency,
        price_name=pack.price_name,
    )


def offer_of_plan(plan: Plan, price: PlanPrice, *, is_first: bool) -> Offer:
    """Return a plan as what is sold; only somebody's first one is tried."""
    return Offer(
        plan_id=plan.plan_id,
        interval=price.interval,
        title=plan.title,
        credits=plan.credits,
        price_minor=price.price_minor,
        currency=price.currency,
        price_name=price.price_name,
        trial_days=plan.trial_days if is_first else 0,
    )
