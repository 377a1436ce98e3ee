"""Checkouts and the purchases that come of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.identifiers import (
    CheckoutId,
    InvoiceId,
    PackId,
    PageId,
    PaymentId,
    PlanId,
    PurchaseId,
    SubscriptionId,
    UserId,
)
from billing.domain.standing import BillingInterval


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
    """One pack or plan on its way to be bought, with its terms when its page was opened.

    One of `pack_id` and `plan_id` is set, and with the latter `interval`.

    `page_id` is the processor's; it is None between our commit and the processor's answer. A page that
    expired may be followed by another: `page` counts them, and `opened_at` is the time of the last.
    """

    checkout_id: CheckoutId
    user_id: UserId
    idempotency_key: str
    pack_id: PackId | None = None
    plan_id: PlanId | None = None
    interval: BillingInterval | None = None
    pack_title: str
    credits: int
    price_minor: int
    currency: str
    page_id: PageId | None = None
    url: str | None = None
    status: CheckoutStatus = CheckoutStatus.OPEN
    payment_status: PaymentStatus = PaymentStatus.UNPAID
    purchase_id: PurchaseId | None = None
    # Of a plan: what came of it, once it began.
    subscription_id: SubscriptionId | None = None
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
        return self.is_bought or is_over

    @property
    def is_bought(self) -> bool:
        """Whether it became a purchase or a subscription."""
        return self.purchase_id is not None or self.subscription_id is not None


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """Money that arrived for credits. One payment object is one purchase: of a pack, or of a plan's period.

    A plan's has no checkout and has an invoice; its credits are those that came with it first, so that a
    year's are one month's.

    `payment_id` is the processor's payment, or its page where there was nothing to pay.
    What is refunded is a total; `refund_series` counts how often it fell, because a refund failed after all.
    """

    purchase_id: PurchaseId
    user_id: UserId
    checkout_id: CheckoutId | None
    # Of a plan, the plan's.
    pack_id: PackId
    pack_title: str
    credits: int
    amount_minor: int
    currency: str
    payment_id: PaymentId
    created_at: datetime
    invoice_id: InvoiceId | None = None
    refunded_minor: int = 0
    refunded_credits: int = 0
    refund_series: int = 0
