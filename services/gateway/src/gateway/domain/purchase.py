"""Packs of credits and how they are bought. Money is in minor units of an ISO 4217 currency."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import CheckoutId, PackId, PaymentId, PlanId, PurchaseId, SubscriptionId
from gateway.domain.subscription import BillingInterval


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A quantity of credits on sale."""

    pack_id: PackId
    title: str
    description: str
    credits: int
    price_minor: int
    currency: str
    badge: str


class CheckoutStatus(StrEnum):
    """Where the hosted page stands. COMPLETE says that it was sent off, and no more."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


class PaymentStatus(StrEnum):
    """Where a checkout's money is; PROCESSING may take days, FAILED is for good."""

    UNPAID = "unpaid"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    NO_PAYMENT_REQUIRED = "no_payment_required"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A hosted page where a person pays for one pack or plan; `url` is None once it is no longer open."""

    checkout_id: CheckoutId
    pack_id: PackId | None
    url: str | None
    status: CheckoutStatus
    payment_status: PaymentStatus
    created_at: datetime
    expires_at: datetime | None
    purchase_id: PurchaseId | None
    # Of a plan, instead of a pack; and what came of it.
    plan_id: PlanId | None = None
    interval: BillingInterval | None = None
    subscription_id: SubscriptionId | None = None


class PurchaseStatus(StrEnum):
    """Where a purchase's money is: charged back means that the payer's bank returned it."""

    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A completed payment for credits, with what went back of it by refunds and by disputes."""

    purchase_id: PurchaseId
    pack_id: PackId
    pack_title: str
    credits: int
    amount_minor: int
    currency: str
    payment_id: PaymentId
    created_at: datetime
    refunded_minor: int = 0
    disputed_minor: int = 0
    status: PurchaseStatus = PurchaseStatus.PAID
