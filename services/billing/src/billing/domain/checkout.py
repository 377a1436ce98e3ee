"""Checkouts and the purchases that come of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.identifiers import CheckoutId, PackId, PageId, PaymentId, PurchaseId, UserId


class CheckoutStatus(StrEnum):
    """Where the page stands. COMPLETE says that it was sent off, PaymentStatus what became of the money."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class PaymentStatus(StrEnum):
    """Where a checkout's money is."""

    UNPAID = "unpaid"
    # On its way, for days perhaps: a bank debit.
    PROCESSING = "processing"
    PAID = "paid"
    # It never arrived, and this checkout gets no other.
    FAILED = "failed"
    # A coupon took everything off.
    NO_PAYMENT_REQUIRED = "no_payment_required"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """One pack on its way to be bought, with its terms when its page was opened.

    `page_id` is the processor's; it is None between our commit and the processor's answer. A page that
    expired may be followed by another: `page` counts them, and `opened_at` is the time of the last.
    """

    checkout_id: CheckoutId
    user_id: UserId
    idempotency_key: str
    pack_id: PackId
    pack_title: str
    credits: int
    price_minor: int
    currency: str
    page_id: PageId | None = None
    url: str | None = None
    status: CheckoutStatus = CheckoutStatus.OPEN
    payment_status: PaymentStatus = PaymentStatus.UNPAID
    purchase_id: PurchaseId | None = None
    created_at: datetime
    opened_at: datetime
    expires_at: datetime | None = None
    page: int = 1
    # What was asked for; None of a checkout that is older than fingerprints.
    fingerprint: str | None = None
    # When the processor was asked last by somebody who waits, and when it is asked next without anybody.
    asked_at: datetime | None = None
    next_check_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is expected of it any more. Money that arrives all the same counts all the same."""
        is_over = self.status is CheckoutStatus.EXPIRED or self.payment_status is PaymentStatus.FAILED
        return self.purchase_id is not None or is_over


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """Money that arrived for credits. One payment object is one purchase.

    `payment_id` is the processor's payment, or its page where there was nothing to pay.
    What is refunded is a total; `refund_series` counts how often it fell, because a refund failed after all.
    """

    purchase_id: PurchaseId
    user_id: UserId
    checkout_id: CheckoutId
    pack_id: PackId
    pack_title: str
    credits: int
    amount_minor: int
    currency: str
    payment_id: PaymentId
    created_at: datetime
    refunded_minor: int = 0
    refunded_credits: int = 0
    refund_series: int = 0
