"""Use case: give a person the credits of a code."""

from dataclasses import dataclass

from billing.application.bounds import promotion_code, require_text
from billing.domain.errors import PromotionRedeemedBefore, UnknownPromotion
from billing.domain.events import PromotionRedeemed
from billing.domain.identifiers import RedemptionId, UserId
from billing.domain.promotion import Redemption
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class RedeemPromotion:
    """Who redeems what; a code is read in capitals or not."""

    user_id: UserId
    code: str
    idempotency_key: str


@dataclass(frozen=True, kw_only=True)
class Redeemed:
    """What came of it; `replayed` when this key had redeemed it before."""

    redemption: Redemption
    replayed: bool


@dataclass(frozen=True)
class RedeemPromotionHandler:
    """The count, the redemption and its fact are one transaction: no code is redeemed once too often."""

    units: UnitsOfWork
    clock: Clock
    ids: IdSource

    async def __call__(self, command: RedeemPromotion) -> Redeemed:
        """Redeem a code. Raises InvalidField, UnknownPromotion, PromotionEnded, PromotionRedeemedBefore."""
        code = promotion_code(command.code)
        require_text("idempotency_key", command.idempotency_key)
        now = self.clock.now()
        async with self.units.of(command.user_id) as work:
            promotion = await work.promotion(code)
            if promotion is None:
                raise UnknownPromotion("there is no such code")
            before = await work.redemption(command.user_id, code)
            if before is not None:
                if before.idempotency_key != command.idempotency_key:
                    raise PromotionRedeemedBefore("you have redeemed this code before")
                return Redeemed(redemption=before, replayed=True)
            redemption = Redemption(
                redemption_id=RedemptionId(self.ids.new("red")),
                user_id=command.user_id,
                code=code,
                credits=promotion.credits,
                expires_at=None if promotion.credits_last is None else now + promotion.credits_last,
                idempotency_key=command.idempotency_key,
                created_at=now,
            )
            await work.save_promotion(promotion.redeemed(now))
            await work.add_redemption(redemption)
            await work.publish(PromotionRedeemed(redemption=redemption, occurred_at=now))
        return Redeemed(redemption=redemption, replayed=False)
