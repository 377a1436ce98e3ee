"""Use case: show the packs on sale."""

from dataclasses import dataclass

from billing.domain.catalogue import Catalogue
from billing.domain.pack import Pack


@dataclass(frozen=True)
class ListPacksHandler:
    """Answers from the catalogue, without the payment processor."""

    catalogue: Catalogue

    async def __call__(self) -> tuple[Pack, ...]:
        """Return the packs on sale, in the order in which they are shown."""
        return self.catalogue.packs
