"""What is on sale: packs and plans."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from billing.domain.errors import PlanNotOnSale
from billing.domain.identifiers import PackId, PlanId
from billing.domain.pack import Pack
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_price import ProcessorPrice
from billing.domain.standing import BillingInterval


class UnknownPlan(ValueError):
    """Somebody has, or should get, a plan that is not in the catalogue: an operator's matter, no caller's."""


@dataclass(frozen=True)
class Catalogue:
    """Packs and plans, each in the order in which they are shown."""

    packs: tuple[Pack, ...]
    plans: tuple[Plan, ...] = ()

    def offered(self, *, sells_plans: bool, free_plan: Plan | None) -> "Catalogue":
        """Return what people can have: plans at a price where they are sold, the free one that is given.

        Others may have had a plan that is not among them: what they have is looked up in the whole.
        """
        plans = (plan for plan in self.plans if (sells_plans if plan.prices else plan == free_plan))
        return replace(self, plans=tuple(plans))

    @property
    def price_names(self) -> tuple[str, ...]:
        """The names under which the payment processor knows the prices."""
        packs = (pack.price_name for pack in self.packs)
        return (*packs, *(price.price_name for plan in self.plans for price in plan.prices))

    def at_prices(self, known: Mapping[str, ProcessorPrice]) -> "Catalogue":
        """Return what can be bought at the processor's own prices, by their names.

        What is not on sale there is left out, and nothing else with it. What the processor was never seen to
        have is not published yet, and is shown as the catalogue has it.
        """
        packs = (_pack_at(pack, known.get(pack.price_name)) for pack in self.packs)
        plans = (_plan_at(plan, known) for plan in self.plans)
        return Catalogue(tuple(filter(None, packs)), tuple(filter(None, plans)))

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


def _pack_at(pack: Pack, known: ProcessorPrice | None) -> Pack | None:
    if known is None:
        return pack
    if not known.is_asked(None):
        return None
    return replace(pack, price_minor=known.price_minor, currency=known.currency)


def _plan_at(plan: Plan, known: Mapping[str, ProcessorPrice]) -> Plan | None:
    prices = tuple(filter(None, (_price_at(price, known.get(price.price_name)) for price in plan.prices)))
    # One that had prices and has none is not free.
    return replace(plan, prices=prices) if prices or not plan.prices else None


def _price_at(price: PlanPrice, known: ProcessorPrice | None) -> PlanPrice | None:
    if known is None:
        return price
    if not known.is_asked(price.interval):
        return None
    return replace(price, price_minor=known.price_minor, currency=known.currency)
