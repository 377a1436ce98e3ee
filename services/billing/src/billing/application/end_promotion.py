"""Use case: let nobody redeem a code from now on."""

from dataclasses import dataclass, replace

from billing.application.bounds import promotion_code
from billing.domain.errors import UnknownPromotion
from billing.domain.promotion import Promotion
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class EndPromotionHandler:
    """Who has its credits keeps them."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, code: str) -> Promotion:
        """End it; one that is over stays as it is. Raises InvalidField, UnknownPromotion."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            promotion = await work.promotion(promotion_code(code))
            if promotion is None:
                raise UnknownPromotion(f"there is no code {code}")
            if promotion.valid_until is None or promotion.valid_until > now:
                promotion = replace(promotion, valid_until=now)
                await work.save_promotion(promotion)
        return promotion
