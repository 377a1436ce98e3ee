"""A payment processor in memory, whose visitors and banks a test plays."""

from collections.abc import Sequence

from billing.adapters.outbound.memory.money_back import MemoryMoneyBack
from billing.adapters.outbound.memory.pages import MemoryPages
from billing.adapters.outbound.memory.processor_lists import MemoryProcessorLists
from billing.domain.identifiers import CustomerId, UserId
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.plan import Plan


class MemoryProcessor(MemoryPages, MemoryMoneyBack, MemoryProcessorLists):
    """A payment processor whose visitors a test plays."""

    async def open_customer(
        self, *, user_id: UserId, email: str, instead_of: CustomerId | None
    ) -> CustomerId:
        """Return a customer: one for all who ask with the same `instead_of`."""
        self._require_answer()
        key = f"{user_id}:{instead_of or 'first'}"
        return self.customers.setdefault(key, CustomerId(f"cus_{user_id}_{len(self.customers)}"))

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
