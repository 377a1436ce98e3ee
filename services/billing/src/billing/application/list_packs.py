"""Use case: show the packs on sale."""

from dataclasses import dataclass

from billing.application.current_offers import CurrentOffers
from billing.domain.pack import Pack


@dataclass(frozen=True)
class ListPacksHandler:
    """Answers without the payment processor, at the prices that were seen there last."""

    offers: CurrentOffers

    async def __call__(self) -> tuple[Pack, ...]:
        """Return the packs on sale, in the order in which they are shown."""
        return (await self.offers.read()).packs
