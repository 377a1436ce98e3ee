"""What Stripe's objects mean in our words."""

from collections.abc import Iterable
from datetime import UTC, datetime

import stripe

from billing.domain.checkout import CheckoutStatus
from billing.domain.dispute import DisputeState, ProcessorDispute
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund, RefundStatus
from billing.domain.settlement import ProcessorCheckout

_REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
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
        session_id=session.id,
        status=CheckoutStatus(session.status or "open"),
        is_paid=session.payment_status == "paid",
        payment_id=intent if intent is None or isinstance(intent, str) else intent.id,
        amount_minor=session.amount_total or 0,
        currency=session.currency or "",
        reference=session.client_reference_id,
        url=session.url or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
    )


def seen_payment(intent: stripe.PaymentIntent, refunds: Iterable[stripe.Refund]) -> ProcessorPayment:
    """Return a payment with its refunds."""
    return ProcessorPayment(
        payment_id=intent.id,
        reference=_reference(intent),
        refunds=tuple(_refund(refund) for refund in refunds),
    )


def seen_refund(refund: stripe.Refund) -> ListedRefund:
    """Return a refund of the list, whose payment is expanded."""
    intent = refund.payment_intent if isinstance(refund.payment_intent, stripe.PaymentIntent) else None
    return ListedRefund(
        refund=_refund(refund),
        payment_id=intent.id if intent else None,
        reference=_reference(intent) if intent else None,
        created_at=datetime.fromtimestamp(refund.created, UTC),
    )


def _refund(refund: stripe.Refund) -> Refund:
    # One whose end is not known is pending.
    status = _REFUNDS.get(refund.status or "", RefundStatus.PENDING)
    return Refund(refund_id=refund.id, amount_minor=refund.amount, status=status)


def seen_dispute(dispute: stripe.Dispute) -> ProcessorDispute:
    """Return a dispute whose payment is expanded."""
    intent = dispute.payment_intent if isinstance(dispute.payment_intent, stripe.PaymentIntent) else None
    return ProcessorDispute(
        dispute_id=dispute.id,
        payment_id=intent.id if intent else None,
        reference=_reference(intent) if intent else None,
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


def _reference(intent: stripe.PaymentIntent) -> str | None:
    metadata = intent.metadata
    return str(metadata["checkout_id"]) if metadata and "checkout_id" in metadata else None
