"""Payments as the payment processor lists them, for reconciliation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing.domain.dispute import DisputeState
from billing.domain.identifiers import CheckoutId, DisputeId, InvoiceId, PageId, PaymentId


@dataclass(frozen=True, kw_only=True)
class ListedPayment:
    """A payment that succeeded, of whoever made it. With nothing to pay, its page stands for it."""

    payment_id: PaymentId
    # The page that it was paid on; None of one that needed none.
    page_id: PageId | None
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    amount_minor: int
    currency: str
    paid_at: datetime


@dataclass(frozen=True, kw_only=True)
class ListedInvoicePayment:
    """A plan's invoice that is paid, of whoever made it, and its payment."""

    # None: nothing was to be paid, in a trial or by a coupon for everything.
    payment_id: PaymentId | None
    invoice_id: InvoiceId
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    amount_minor: int
    currency: str
    paid_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReconciledPayment:
    """A payment of ours, with what was refunded of it and the disputes that moved its money."""

    payment_id: PaymentId
    amount_minor: int
    currency: str
    refunded_minor: int
    disputes: Mapping[DisputeId, DisputeState]
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class UnpaidInvoice:
    """An invoice of ours of which nothing was to be paid: what it brought has no payment."""

    invoice_id: InvoiceId
