"""What Polar's objects mean in our words.

An order is the payment: it is made when the money is there, and refunds and disputes name it. Polar counts
without the tax, and the tax beside it; what a buyer pays and gets back is both.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from polar.v2026_10 import outputs

from billing.domain.checkout import CheckoutStatus, PaymentStatus
from billing.domain.dispute import DisputeState, ProcessorDispute
from billing.domain.errors import UnknownToProcessor
from billing.domain.identifiers import CheckoutId, DisputeId, InvoiceId, PageId, PaymentId, RefundId
from billing.domain.processor_payment import ListedPayment
from billing.domain.processor_subscription import Invoice, InvoiceStatus
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund, RefundStatus
from billing.domain.settlement import ProcessorCheckout

CHECKOUT_ID = "checkout_id"

_PAGES = {
    "open": (CheckoutStatus.OPEN, PaymentStatus.UNPAID),
    "expired": (CheckoutStatus.EXPIRED, PaymentStatus.UNPAID),
    # Sent off. Money that does not come has the page open again.
    "confirmed": (CheckoutStatus.COMPLETE, PaymentStatus.PROCESSING),
    "succeeded": (CheckoutStatus.COMPLETE, PaymentStatus.PAID),
    # For good, and very seldom.
    "failed": (CheckoutStatus.COMPLETE, PaymentStatus.FAILED),
}
_BEFORE_PAYING = ("open", "expired")
_REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_DISPUTES = {
    # Of a bank that only asks, too: Polar calls that a dispute that needs a response.
    "needs_response": DisputeState.OPENED,
    "under_review": DisputeState.OPENED,
    "lost": DisputeState.LOST,
    "won": DisputeState.WON,
    # The bank takes nothing: the question was answered, or a refund was made instead, which is told as one.
    "prevented": DisputeState.WON,
    # Nothing has moved yet.
    "early_warning": None,
}


def required_id(object_id: str) -> str:
    """Return an id if it is of Polar's kind. Raises UnknownToProcessor: Polar would refuse the question."""
    try:
        return str(UUID(object_id))
    except ValueError:
        raise UnknownToProcessor(f"the payment processor does not know {object_id}") from None


def seen_checkout(checkout: outputs.Checkout, order: outputs.Order | None) -> ProcessorCheckout:
    """Return a page as it stands, with the order that came of it."""
    status, payment_status = _PAGES[checkout.status]
    is_free = order is not None and order.total_amount == 0
    # While nobody has paid, what counts is the price: the tax is known when the buyer's address is.
    amount_minor = checkout.amount if checkout.status in _BEFORE_PAYING else checkout.total_amount
    return ProcessorCheckout(
        page_id=PageId(checkout.id),
        status=status,
        payment_status=PaymentStatus.NO_PAYMENT_REQUIRED if is_free else payment_status,
        payment_id=PaymentId(order.id) if order is not None and not is_free else None,
        quantity=1,
        amount_minor=amount_minor if order is None else order.total_amount,
        currency=checkout.currency,
        reference=reference_in(checkout.metadata),
        url=checkout.url if status is CheckoutStatus.OPEN else None,
        expires_at=datetime.fromisoformat(checkout.expires_at),
    )


def seen_payment(order: outputs.Order, refunds: Iterable[outputs.Refund]) -> ProcessorPayment:
    """Return a payment with its refunds."""
    return ProcessorPayment(
        payment_id=PaymentId(order.id),
        reference=reference_in(order.metadata),
        refunds=tuple(to_refund(refund) for refund in refunds),
    )


def seen_order(order: outputs.Order) -> ListedPayment | None:
    """Return the payment of an order; None if it is not paid, or was made on no page."""
    if not order.paid or order.checkout_id is None:
        return None
    return ListedPayment(
        # With nothing to pay, its page stands for it.
        payment_id=PaymentId(order.id if order.total_amount else order.checkout_id),
        page_id=PageId(order.checkout_id),
        reference=reference_in(order.metadata),
        amount_minor=order.total_amount,
        currency=order.currency,
        paid_at=datetime.fromisoformat(order.created_at),
    )


def seen_invoice(order: outputs.Order) -> Invoice:
    """Return the invoice of an order that is paid. Polar makes its file when the portal asks for it."""
    return Invoice(
        invoice_id=InvoiceId(order.id),
        number=order.invoice_number,
        total_minor=order.total_amount,
        currency=order.currency,
        status=InvoiceStatus.PAID,
        created_at=datetime.fromisoformat(order.created_at),
        page_url=None,
        pdf_url=None,
    )


def seen_refund(refund: outputs.Refund, reference: CheckoutId | None) -> ListedRefund:
    """Return a refund of the list."""
    return ListedRefund(
        refund=to_refund(refund),
        payment_id=PaymentId(refund.order_id),
        reference=reference,
        created_at=datetime.fromisoformat(refund.created_at),
    )


def to_refund(refund: outputs.Refund) -> Refund:
    """Return a refund as it stands, with its tax."""
    # One whose end is not known is pending.
    status = _REFUNDS.get(refund.status, RefundStatus.PENDING)
    amount_minor = refund.amount + refund.tax_amount
    return Refund(refund_id=RefundId(refund.id), amount_minor=amount_minor, status=status)


def seen_dispute(dispute: outputs.Dispute, reference: CheckoutId | None) -> ProcessorDispute:
    """Return a dispute."""
    return ProcessorDispute(
        dispute_id=DisputeId(dispute.id),
        payment_id=PaymentId(dispute.order_id),
        reference=reference,
        amount_minor=dispute.amount + dispute.tax_amount,
        currency=dispute.currency,
        state=_DISPUTES[dispute.status],
        moved_at=datetime.fromisoformat(dispute.modified_at or dispute.created_at),
    )


def reference_in(metadata: Mapping[str, Any]) -> CheckoutId | None:
    """Return our checkout's id, which a page hands on to its order."""
    found = metadata.get(CHECKOUT_ID)
    return CheckoutId(found) if isinstance(found, str) else None
