"""What Stripe's objects mean in our words."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import stripe

from billing.adapters.outbound.stripe.catalogue import PRODUCT_PREFIX
from billing.domain.checkout import CheckoutStatus, PaymentStatus
from billing.domain.dispute import DisputeState, ProcessorDispute
from billing.domain.identifiers import (
    CheckoutId,
    DisputeId,
    PageId,
    PaymentId,
    ProcessorSubscriptionId,
    RefundId,
    RefundOrderId,
)
from billing.domain.processor_payment import ListedPayment
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund, RefundStatus
from billing.domain.settlement import ProcessorCheckout

_REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
# docs.stripe.com/payments/paymentintents/lifecycle; the rest are on their way.
_INTENTS = {
    "succeeded": PaymentStatus.PAID,
    "requires_payment_method": PaymentStatus.FAILED,
    "canceled": PaymentStatus.FAILED,
}
_PAID = ("paid", "no_payment_required")
_DISPUTES = {
    "needs_response": DisputeState.OPENED,
    "under_review": DisputeState.OPENED,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    # The bank only asks: docs.stripe.com/disputes/how-disputes-work#inquiries.
    "warning_needs_response": None,
    "warning_under_review": None,
    "warning_closed": None,
}


def seen_checkout(session: stripe.checkout.Session) -> ProcessorCheckout:
    """Return a checkout session as it stands."""
    intent = session.payment_intent
    return ProcessorCheckout(
        page_id=PageId(session.id),
        status=CheckoutStatus(session.status or "open"),
        payment_status=_payment_status(session),
        payment_id=None if intent is None else PaymentId(intent if isinstance(intent, str) else intent.id),
        quantity=_quantity(session),
        amount_minor=session.amount_total or 0,
        currency=session.currency or "",
        reference=CheckoutId(session.client_reference_id) if session.client_reference_id else None,
        url=session.url,
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        subtotal_minor=session.amount_subtotal,
        subscription_id=_subscription_of(session),
    )


def _subscription_of(session: stripe.checkout.Session) -> ProcessorSubscriptionId | None:
    found = session.subscription
    if found is None:
        return None
    return ProcessorSubscriptionId(found if isinstance(found, str) else found.id)


def seen_paid_session(session: stripe.checkout.Session) -> ListedPayment | None:
    """Return the payment of a session of the list, whose payment and charge are expanded; None if unpaid.

    A plan's payment is its invoice's.
    """
    if session.payment_status not in _PAID or session.mode == "subscription":
        return None
    intent = session.payment_intent if isinstance(session.payment_intent, stripe.PaymentIntent) else None
    charge = intent.latest_charge if intent else None
    paid_at = charge.created if isinstance(charge, stripe.Charge) else session.created
    return ListedPayment(
        payment_id=PaymentId(intent.id if intent else session.id),
        page_id=PageId(session.id),
        reference=_ours(session.metadata),
        amount_minor=session.amount_total or 0,
        currency=session.currency or "",
        paid_at=datetime.fromtimestamp(paid_at, UTC),
    )


def _payment_status(session: stripe.checkout.Session) -> PaymentStatus:
    """Return where the money is. Of a session that was sent off unpaid, only its payment knows."""
    if session.payment_status in (PaymentStatus.PAID, PaymentStatus.NO_PAYMENT_REQUIRED):
        return PaymentStatus(session.payment_status)
    if session.status != "complete" or not isinstance(session.payment_intent, stripe.PaymentIntent):
        return PaymentStatus.UNPAID
    return _INTENTS.get(session.payment_intent.status, PaymentStatus.PROCESSING)


def _quantity(session: stripe.checkout.Session) -> int:
    """Return how many of its pack were bought: the buyer may change it on the page.

    A line of something else, which the account's owner may offer on the page, grants nothing. A pack whose
    product was made by hand has the only line.
    """
    lines = session.line_items.data if session.line_items else []
    metadata = session.metadata
    pack_id = metadata["pack_id"] if metadata and "pack_id" in metadata else ""
    ours = [line for line in lines if _product_of(line) == PRODUCT_PREFIX + pack_id]
    return sum(line.quantity or 0 for line in ours or lines) or 1


def _product_of(line: stripe.LineItem) -> str | None:
    product = line.price.product if line.price else None
    return product if product is None or isinstance(product, str) else product.id


def seen_payment(intent: stripe.PaymentIntent, refunds: Iterable[stripe.Refund]) -> ProcessorPayment:
    """Return a payment with its refunds."""
    return ProcessorPayment(
        payment_id=PaymentId(intent.id),
        reference=_ours(intent.metadata),
        refunds=tuple(to_refund(refund) for refund in refunds),
    )


def seen_refund(refund: stripe.Refund) -> ListedRefund:
    """Return a refund of the list, whose payment is expanded."""
    intent = refund.payment_intent if isinstance(refund.payment_intent, stripe.PaymentIntent) else None
    return ListedRefund(
        refund=to_refund(refund),
        payment_id=PaymentId(intent.id) if intent else None,
        reference=_ours(intent.metadata) if intent else None,
        created_at=datetime.fromtimestamp(refund.created, UTC),
    )


def to_refund(refund: stripe.Refund) -> Refund:
    """Return a refund as it stands."""
    # One whose end is not known is pending.
    status = _REFUNDS.get(refund.status or "", RefundStatus.PENDING)
    return Refund(refund_id=RefundId(refund.id), amount_minor=refund.amount, status=status)


def order_of(refund: stripe.Refund) -> RefundOrderId | None:
    """Return the id of the order that we made a refund of; None for one that was made elsewhere."""
    metadata: Any = refund.metadata
    has_order = metadata and "refund_order_id" in metadata
    return RefundOrderId(metadata["refund_order_id"]) if has_order else None


def seen_dispute(dispute: stripe.Dispute) -> ProcessorDispute:
    """Return a dispute whose payment is expanded."""
    intent = dispute.payment_intent if isinstance(dispute.payment_intent, stripe.PaymentIntent) else None
    return ProcessorDispute(
        dispute_id=DisputeId(dispute.id),
        payment_id=PaymentId(intent.id) if intent else None,
        reference=_ours(intent.metadata) if intent else None,
        amount_minor=dispute.amount,
        currency=dispute.currency,
        state=_state(dispute),
        moved_at=datetime.fromtimestamp(max(dispute.created, *_moves(dispute)), UTC),
    )


def _moves(dispute: stripe.Dispute) -> list[int]:
    return [0, *(transaction.created for transaction in dispute.balance_transactions)]


def _state(dispute: stripe.Dispute) -> DisputeState | None:
    if dispute.status in _DISPUTES:
        return _DISPUTES[dispute.status]
    # `prevented`, and what Stripe may add: what counts is whether money was withdrawn and not given back.
    moved = sum(transaction.amount for transaction in dispute.balance_transactions)
    return DisputeState.LOST if moved < 0 else None


def _ours(metadata: Any) -> CheckoutId | None:
    """Return our checkout's id, which everything that we have made carries."""
    return CheckoutId(metadata["checkout_id"]) if metadata and "checkout_id" in metadata else None
