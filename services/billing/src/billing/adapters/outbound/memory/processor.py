"""A payment processor in memory, whose visitors and banks a test plays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from billing.adapters.outbound.memory.money_back import MemoryMoneyBack
from billing.adapters.outbound.memory.pages import MemoryPages
from billing.adapters.outbound.memory.processor_lists import MemoryProcessorLists
from billing.domain.identifiers import ArticleId, CustomerId, UserId
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_price import ProcessorPrice


class MemoryProcessor(MemoryPages, MemoryMoneyBack, MemoryProcessorLists):
    """A payment processor whose visitors a test plays."""

    async def open_customer(
        self, *, user_id: UserId, email: str, instead_of: CustomerId | None
    ) -> CustomerId:
        """Return a customer: one for all who ask with the same `instead_of`."""
        self._require_answer()
        key = f"{user_id}:{instead_of or 'first'}"
        return self.customers.setdefault(key, CustomerId(f"cus_{user_id}_{len(self.customers)}"))

    async def forget_customer(self, customer_id: CustomerId) -> None:
        """Forget a customer and end what their user pays for."""
        self._require_answer()
        self.gone.add(customer_id)
        users = {key.partition(":")[0] for key, known in self.customers.items() if known == customer_id}
        for processor_id, known in list(self.subscriptions.items()):
            if known.user_id in users and known.ended_at is None:
                self.end(processor_id)

    async def prices_of(self, price_names: Collection[str]) -> Mapping[str, ProcessorPrice]:
        """Return what was published under these names, at its present price."""
        self._require_answer()
        return {name: self._asked(name) for name in price_names if name in self._everything}

    def reprice(self, price_name: str, price_minor: int, currency: str = "usd") -> None:
        """Play somebody who changes a price in the processor's dashboard."""
        if pack := self.published.get(price_name):
            self.published[price_name] = replace(pack, price_minor=price_minor, currency=currency)
        if price := self.published_prices.get(price_name):
            self.published_prices[price_name] = replace(price, price_minor=price_minor, currency=currency)

    def _asked(self, name: str) -> ProcessorPrice:
        sold = self._everything[name]
        return ProcessorPrice(
            price_name=name,
            article_id=ArticleId(f"prod_{name}"),
            price_minor=sold.price_minor,
            currency=sold.currency,
            interval=sold.interval if isinstance(sold, PlanPrice) else None,
            is_on_sale=name not in self.archived,
        )

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Keep the pack."""
        self._require_answer()
        changes: list[CatalogueChange] = []
        if pack.price_name in self.archived:
            self.archived.remove(pack.price_name)
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
        if self.published.get(pack.price_name) != pack:
            changes.append(CatalogueChange.PRICE_CREATED)
        self.published[pack.price_name] = pack
        return changes

    async def publish_plan(self, plan: Plan) -> Sequence[CatalogueChange]:
        """Keep the plan."""
        self._require_answer()
        changes: list[CatalogueChange] = []
        names = {price.price_name for price in plan.prices}
        if names & self.archived:
            self.archived -= names
            changes.append(CatalogueChange.PRODUCT_UNARCHIVED)
        for price in plan.prices:
            if self.published_prices.get(price.price_name) != price:
                changes.append(CatalogueChange.PRICE_CREATED)
            self.published_prices[price.price_name] = price
        return changes
