"""Use case: have the packs on sale at the payment processor."""

from collections.abc import Mapping, Sequence

from billing.domain.pack import Catalogue, CatalogueChange
from billing.ports.payment_processor import PaymentProcessor


class PublishCatalogueHandler:
    """Publishes every pack, and repairs what was archived or moved. Idempotent."""

    def __init__(self, catalogue: Catalogue, processor: PaymentProcessor) -> None:
        self._catalogue = catalogue
        self._processor = processor

    async def handle(self) -> Mapping[str, Sequence[CatalogueChange]]:
        """Publish the packs; return what was done for each, by its id."""
        return {pack.pack_id: await self._processor.publish(pack) for pack in self._catalogue.packs}
