"""Use case: make the packs known to the payment processor."""

from billing.domain.pack import Catalogue
from billing.ports.payment_processor import PaymentProcessor


class PublishCatalogueHandler:
    """Publishes every pack. Idempotent."""

    def __init__(self, catalogue: Catalogue, processor: PaymentProcessor) -> None:
        self._catalogue = catalogue
        self._processor = processor

    async def handle(self) -> int:
        """Publish the packs; return how many there are."""
        for pack in self._catalogue.packs:
            await self._processor.publish(pack)
        return len(self._catalogue.packs)
