"""Use case: show the plans on offer."""

from dataclasses import dataclass

from billing.application.current_offers import CurrentOffers
from billing.domain.plan import Plan


@dataclass(frozen=True)
class ListPlansHandler:
    """Answers without the payment processor, at the prices that were seen there last."""

    offers: CurrentOffers

    async def __call__(self) -> tuple[Plan, ...]:
        """Return the plans on offer, in the order in which they are shown."""
        return (await self.offers.read()).plans
