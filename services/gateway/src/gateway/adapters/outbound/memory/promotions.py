"""The part of billing in memory about promotion codes."""

from gateway.adapters.outbound.memory.billing_state import MemoryBillingState
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, NotFound
from gateway.domain.identifiers import RedemptionId, UserId
from gateway.domain.promotion import Redemption


class MemoryPromotions(MemoryBillingState):
    """Codes, and who redeemed them."""

    async def redeem_promotion(
        self, user_id: UserId, *, code: str, idempotency_key: str
    ) -> tuple[Redemption, bool]:
        """See Billing."""
        code = code.strip().upper()
        if len(code) < 4:
            raise InvalidRequest("That is no code.", fields=[FieldProblem("code", "is too short")])
        if code not in self.promotions:
            raise NotFound("there is no such code", reason="UNKNOWN_PROMOTION")
        if (user_id, code) in self.redemptions:
            key, redemption = self.redemptions[user_id, code]
            if key != idempotency_key:
                raise Conflict("you have redeemed this code before", reason="PROMOTION_REDEEMED_BEFORE")
            return redemption, True
        if self.promotions[code] == 0:
            raise Conflict("this code has expired", reason="PROMOTION_ENDED")
        redemption = Redemption(
            redemption_id=RedemptionId(f"red_{len(self.redemptions)}"),
            code=code,
            credits=self.promotions[code],
            expires_at=None,
            created_at=self.clock.now(),
        )
        self.redemptions[user_id, code] = (idempotency_key, redemption)
        return redemption, False
