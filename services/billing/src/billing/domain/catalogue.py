"""What is on sale: packs and plans."""

from dataclasses import dataclass, replace

from billing.domain.errors import PlanNotOnSale
from billing.domain.identifiers import PackId, PlanId
from billing.domain.pack import Pack
from billing.domain.plan import Plan, PlanPrice
from billing.domain.standing import BillingInterval


class UnknownPlan(ValueError):
    """Somebody has, or should get, a plan that is not in the catalogue: an operator's matter, no caller's."""


@dataclass(frozen=True)
class Catalogue:
    """Packs and plans, each in the order in which they are shown."""

    packs: tuple[Pack, ...]
    plans: tuple[Plan, ...] = ()

    def offered(self, *, sells_plans: bool) -> "Catalogue":
        """Return what is on sale where plans may not be sold: those without a price are nobody's to sell."""
        if sells_plans:
            return self
        return replace(self, plans=tuple(plan for plan in self.plans if not plan.prices))

    def find(self, pack_id: PackId) -> Pack | None:
        """Return a pack by its id."""
        return next((pack for pack in self.packs if pack.pack_id == pack_id), None)

    def find_plan(self, plan_id: PlanId) -> Plan | None:
        """Return a plan by its id."""
        return next((plan for plan in self.plans if plan.plan_id == plan_id), None)

    def on_sale(self, plan_id: PlanId, interval: BillingInterval | None) -> tuple[Plan, PlanPrice]:
        """Return a plan and its price for an interval. Raises PlanNotOnSale."""
        plan = self.find_plan(plan_id)
        price = plan.price(interval) if plan and interval else None
        if plan is None or price is None:
            raise PlanNotOnSale(f"there is no plan {plan_id!r} by the {interval or 'month'}", plan_id=plan_id)
        return plan, price
