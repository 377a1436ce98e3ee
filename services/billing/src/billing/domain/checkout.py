"""Checkouts and the purchases that come of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CheckoutStatus(StrEnum):
    """Where a checkout stands. COMPLETE is paid, or a payment that takes days is on its way."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """One visit to the payment page, with the pack as it was sold then.

    `session_id` is the processor's; it is None between our commit and the processor's answer.
    """

    checkout_id: str
    user_id: str
    idempotency_key: str
    pack_id: str
    pack_title: str
    credits: int
    price_minor: int
    currency: str
    session_id: str | None = None
    url: str = ""
    status: CheckoutStatus = CheckoutStatus.OPEN
    purchase_id: str | None = None
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """Money that arrived for credits. One payment object is one purchase.

    What is refunded is a total; `refund_series` counts how often it fell, because a refund failed after all.
    """

    purchase_id: str
    user_id: str
    checkout_id: str
    pack_id: str
    pack_title: str
    credits: int
    amount_minor: int
    currency: str
    payment_id: str
    created_at: datetime
    refunded_minor: int = 0
    refunded_credits: int = 0
    refund_series: int = 0
