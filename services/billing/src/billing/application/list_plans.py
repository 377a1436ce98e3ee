"""Use case: show the plans on offer."""

from dataclasses import dataclass

from billing.domain.catalogue import Catalogue
from billing.domain.plan import Plan


@dataclass(frozen=True)
class ListPlansHandler:
    """Answers from the catalogue."""

    catalogue: Catalogue

    async def __call__(self) -> tuple[Plan, ...]:
        """Return the plans on offer, in the order in which they are shown."""
        return self.catalogue.plans
