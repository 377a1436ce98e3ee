"""Packs that are bought by themselves when credits run low."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.identifiers import PackId
from gateway.domain.price import Price


class AutoTopUpStatus(StrEnum):
    """Whether they are."""

    OFF = "off"
    ACTIVE = "active"
    PAUSED_BY_FAILURE = "paused_by_failure"
    NEEDS_AUTHENTICATION = "needs_authentication"


class AutoTopUpStopReason(StrEnum):
    """Why they are not any more, although somebody wants it."""

    PAYMENT_REFUSED = "payment_refused"
    NO_PAYMENT_METHOD = "no_payment_method"
    PACK_NOT_ON_SALE = "pack_not_on_sale"
    AUTHENTICATION_REQUIRED = "authentication_required"
    PRICE_RAISED = "price_raised"


@dataclass(frozen=True, kw_only=True)
class SavedMethod:
    """What is paid with when nobody is there: `visa`, `4242`."""

    brand: str
    last4: str


@dataclass(frozen=True, kw_only=True)
class AutoTopUp:
    """How it stands. Threshold, pack and bound are 0, None and 0 for who never asked for it."""

    status: AutoTopUpStatus
    threshold_credits: int
    pack_id: PackId | None
    monthly_purchases_max: int
    reason: AutoTopUpStopReason | None
    purchases_this_month: int
    in_progress: bool
    """Whether a pack is being paid, or is paid and its credits are not there yet."""
    method: SavedMethod | None
    url: str | None
    """Where the bank's question is answered."""
    accepted_price: Price | None = None
    """What may be paid for the pack at most."""

    @property
    def is_on(self) -> bool:
        """Whether its owner wants it, stopped or not."""
        return self.status is not AutoTopUpStatus.OFF


@dataclass(frozen=True, kw_only=True)
class AutoTopUpWish:
    """What somebody wants from now on; the bound is packs in a calendar month, UTC."""

    is_on: bool
    threshold_credits: int
    pack_id: PackId
    monthly_purchases_max: int
    # What they were shown that the pack costs: for more it is not bought.
    expected_price: Price | None = None
