"""Use case: have the packs on sale at the payment processor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.domain.catalogue import Catalogue
from billing.domain.pack import CatalogueChange
from billing.ports.payment_processor import PaymentProcessor


@dataclass(frozen=True)
class PublishCatalogueHandler:
    """Publishes every pack, and repairs what was archived or moved. Idempotent."""

    catalogue: Catalogue
    processor: PaymentProcessor

    async def __call__(self) -> Mapping[str, Sequence[CatalogueChange]]:
        """Publish the packs; return what was done for each, by its id."""
        return {pack.pack_id: await self.processor.publish(pack) for pack in self.catalogue.packs}
