"""The part of the unit of work about promotions, in memory."""

from collections.abc import Sequence

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.identifiers import PromotionCode, UserId
from billing.domain.promotion import Promotion, Redemption


class MemoryPromotions:
    """Promotions and redemptions of one open transaction."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def add_promotion(self, promotion: Promotion) -> bool:
        """Store a promotion; False when there is one of that code."""
        if promotion.code in self._billing.promotions:
            return False
        self._billing.promotions[promotion.code] = promotion
        return True

    async def promotion(self, code: PromotionCode) -> Promotion | None:
        """Return a promotion."""
        return self._billing.promotions.get(code)

    async def promotions(self, *, limit: int) -> Sequence[Promotion]:
        """Return promotions, newest first."""
        known = sorted(self._billing.promotions.values(), key=lambda promotion: promotion.code)
        return sorted(known, key=lambda promotion: promotion.created_at, reverse=True)[:limit]

    async def save_promotion(self, promotion: Promotion) -> None:
        """Write a promotion."""
        self._billing.promotions[promotion.code] = promotion

    async def redemption(self, user_id: UserId, code: PromotionCode) -> Redemption | None:
        """Return a user's redemption of a code."""
        return self._billing.redemptions.get((user_id, code))

    async def add_redemption(self, redemption: Redemption) -> None:
        """Store a redemption."""
        self._billing.redemptions[redemption.user_id, redemption.code] = redemption
