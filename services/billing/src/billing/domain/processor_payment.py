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
    """A payment of a plan's invoice, of whoever made it."""

    payment_id: PaymentId
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
