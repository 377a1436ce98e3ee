"""Use case: show an operator the codes that there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.promotion import Promotion
from billing.ports.unit_of_work import UnitsOfWork

PROMOTIONS_MAX = 1_000


@dataclass(frozen=True)
class ListPromotionsHandler:
    """What is over stands among them."""

    units: UnitsOfWork

    async def __call__(self) -> Sequence[Promotion]:
        """Return the newest, up to a bound."""
        async with self.units.of_system() as work:
            return await work.promotions(limit=PROMOTIONS_MAX)
