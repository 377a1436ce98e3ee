"""What can be bought at this moment: the catalogue, at the prices that the payment processor asks."""

from dataclasses import dataclass

from billing.domain.catalogue import Catalogue
from billing.ports.unit_of_work import BillingReader


@dataclass(frozen=True)
class CurrentOffers:
    """Answers from the prices as they were seen last: a processor that is away changes nothing."""

    reader: BillingReader
    offered: Catalogue

    async def read(self) -> Catalogue:
        """Return packs and plans that are on sale, each at its price."""
        return self.offered.at_prices(await self.reader.processor_prices())
