"""Promotions: codes that a person redeems for credits. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.domain.errors import PromotionEnded
from billing.domain.identifiers import PromotionCode, RedemptionId, UserId


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a code gives to everybody who redeems it, once each. Codes are in capitals."""

    code: PromotionCode
    credits: int
    # How long its credits last from the day that they are redeemed; None: for ever.
    credits_last: timedelta | None = None
    # Until when, and by how many people, it is redeemed; None: without end, by everybody.
    valid_until: datetime | None = None
    redemptions_max: int | None = None
    redemptions: int = 0
    created_at: datetime

    def redeemed(self, now: datetime) -> "Promotion":
        """Return it with one more redemption. Raises PromotionEnded."""
        if self.valid_until is not None and now >= self.valid_until:
            raise PromotionEnded("this code has expired")
        if self.redemptions_max is not None and self.redemptions >= self.redemptions_max:
            raise PromotionEnded("this code was redeemed by as many people as it was made for")
        return replace(self, redemptions=self.redemptions + 1)


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """One person's credits from a code."""

    redemption_id: RedemptionId
    user_id: UserId
    code: PromotionCode
    credits: int
    expires_at: datetime | None
    idempotency_key: str
    created_at: datetime
