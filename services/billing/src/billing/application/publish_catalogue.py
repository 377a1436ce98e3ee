"""Use case: have the packs and plans on sale at the payment processor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.domain.catalogue import Catalogue
from billing.domain.pack import CatalogueChange
from billing.ports.payment_processor import PaymentProcessor


@dataclass(frozen=True)
class PublishCatalogueHandler:
    """Publishes packs, and plans that have a price, and repairs what was archived or moved. Idempotent."""

    catalogue: Catalogue
    processor: PaymentProcessor

    async def __call__(self) -> Mapping[str, Sequence[CatalogueChange]]:
        """Publish them; return what was done for each, by its name."""
        done: dict[str, Sequence[CatalogueChange]] = {}
        for pack in self.catalogue.packs:
            done[pack.pack_id] = await self.processor.publish(pack)
        for plan in self.catalogue.plans:
            if plan.prices:
                done[f"plan {plan.plan_id}"] = await self.processor.publish_plan(plan)
        return done
