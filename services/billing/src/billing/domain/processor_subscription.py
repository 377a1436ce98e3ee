"""Subscriptions and their invoices as the payment processor sees them now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.identifiers import (
    CheckoutId,
    InvoiceId,
    PaymentId,
    PlanId,
    ProcessorSubscriptionId,
    UserId,
)
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import PaidTerms


@dataclass(frozen=True, kw_only=True)
class PaidPeriod:
    """A span of time that a paid invoice covers with a plan."""

    invoice_id: InvoiceId
    plan_id: PlanId
    start: datetime
    end: datetime
    # The rest of a period, after a change of the plan.
    is_change: bool
    # None: nothing was to be paid, in a trial or by a coupon for everything.
    payment_id: PaymentId | None
    # Of the whole invoice.
    amount_minor: int
    currency: str
    paid_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProcessorSubscription:
    """A subscription as it stands now. `user_id` and `plan_id` are None where it is none of ours."""

    processor_id: ProcessorSubscriptionId
    user_id: UserId | None
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    plan_id: PlanId | None
    # False until its first payment, or its trial.
    is_begun: bool
    began_at: datetime
    ended_at: datetime | None
    terms: PaidTerms
    # Newest first.
    periods: tuple[PaidPeriod, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListedSubscription:
    """A subscription as it is listed, of whoever made it; `plan_id` is None where it is none of ours."""

    processor_id: ProcessorSubscriptionId
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    plan_id: PlanId | None
    # False until its first payment, or its trial.
    is_begun: bool
    status: SubscriptionStatus


class InvoiceStatus(StrEnum):
    """Where an invoice is."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice for people to read. Its pages are the processor's."""

    invoice_id: InvoiceId
    number: str | None
    total_minor: int
    currency: str
    status: InvoiceStatus
    created_at: datetime
    page_url: str | None
    pdf_url: str | None
