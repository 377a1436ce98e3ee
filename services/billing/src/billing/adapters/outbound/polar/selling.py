"""What is on sale at Polar, for the payment processor."""

from collections.abc import Collection, Mapping, Sequence

from billing.adapters.outbound.polar.catalogue import PolarCatalogue
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.processor_price import ProcessorPrice


class PolarSelling:
    """Asks the catalogue at Polar."""

    _catalogue: PolarCatalogue

    async def prices_of(self, price_names: Collection[str]) -> Mapping[str, ProcessorPrice]:
        """Read what the products of these names cost."""
        return await self._catalogue.prices_of(price_names)

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Have the pack's product on sale at its price."""
        return await self._catalogue.publish(pack)
