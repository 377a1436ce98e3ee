"""What billing in memory sells: packs and plans."""

from gateway.domain.identifiers import PackId, PlanId
from gateway.domain.purchase import Pack
from gateway.domain.subscription import BillingInterval, Plan, PlanPrice

PACKS = (
    Pack(
        pack_id=PackId("starter"),
        title="Starter",
        description="To try it out.",
        credits=1000,
        price_minor=1000,
        currency="usd",
        badge="",
    ),
    Pack(
        pack_id=PackId("builder"),
        title="Builder",
        description="For regular work.",
        credits=2500,
        price_minor=2500,
        currency="usd",
        badge="Most popular",
    ),
    Pack(
        pack_id=PackId("production"),
        title="Production",
        description="For teams.",
        credits=5000,
        price_minor=5000,
        currency="usd",
        badge="",
    ),
)

FREE = Plan(
    plan_id=PlanId("free"),
    title="Free",
    description="To find out what it is like.",
    credits=500,
    features=("500 credits every month",),
    badge=None,
    entitlements=(),
)
PRO = Plan(
    plan_id=PlanId("pro"),
    title="Pro",
    description="For people who make things every day.",
    credits=3000,
    features=("3000 credits every month",),
    badge="Most popular",
    entitlements=("premium",),
    prices=(
        PlanPrice(interval=BillingInterval.MONTH, price_minor=2900, currency="usd"),
        PlanPrice(interval=BillingInterval.YEAR, price_minor=29000, currency="usd"),
    ),
)
BUSINESS = Plan(
    plan_id=PlanId("business"),
    title="Business",
    description="For people who make things for others.",
    credits=6000,
    features=("6000 credits every month",),
    badge=None,
    entitlements=("premium", "business"),
    prices=(
        PlanPrice(interval=BillingInterval.MONTH, price_minor=5900, currency="usd"),
        PlanPrice(interval=BillingInterval.YEAR, price_minor=59000, currency="usd"),
    ),
)
PLANS = (FREE, PRO, BUSINESS)
ON_SALE: dict[tuple[PlanId | None, BillingInterval | None], tuple[Plan, PlanPrice]] = {
    (plan.plan_id, price.interval): (plan, price) for plan in PLANS for price in plan.prices
}
