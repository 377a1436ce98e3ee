"""Use case: make a code that people redeem for credits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.application.bounds import promotion_code
from billing.domain.errors import InvalidField
from billing.domain.promotion import Promotion
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitsOfWork

CREDITS_MAX, DAYS_MAX = 1_000_000, 3_650


@dataclass(frozen=True, kw_only=True)
class AddPromotion:
    """What the code is called and gives; None of a bound: there is none."""

    code: str
    credits: int
    credits_last_days: int | None = None
    valid_until: datetime | None = None
    redemptions_max: int | None = None


@dataclass(frozen=True)
class AddPromotionHandler:
    """A code never changes afterwards: who redeems it gets what it was made for."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, command: AddPromotion) -> Promotion:
        """Add it. Raises InvalidField for a value out of its bounds, and for a code that there is already."""
        now = self.clock.now()
        _require("credits", command.credits, CREDITS_MAX)
        _require("credits_last_days", command.credits_last_days, DAYS_MAX)
        _require("redemptions_max", command.redemptions_max, CREDITS_MAX)
        if command.valid_until is not None and command.valid_until <= now:
            raise InvalidField("valid_until", "is over already")
        days = command.credits_last_days
        promotion = Promotion(
            code=promotion_code(command.code),
            credits=command.credits,
            credits_last=None if days is None else timedelta(days=days),
            valid_until=command.valid_until,
            redemptions_max=command.redemptions_max,
            created_at=now,
        )
        async with self.units.of_system() as work:
            if not await work.add_promotion(promotion):
                raise InvalidField("code", f"there is a code {promotion.code} already")
        return promotion


def _require(field: str, value: int | None, most: int) -> None:
    if value is not None and not 1 <= value <= most:
        raise InvalidField(field, f"must be from 1 to {most}, not {value}")
