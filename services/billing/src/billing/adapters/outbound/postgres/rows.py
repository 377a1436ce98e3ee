"""Rows of billing's tables as what they stand for, and back."""

from dataclasses import asdict
from typing import Any

from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.refund import Refund, RefundStatus
from billing.domain.webhook_event import IgnoredCause, StoredWebhook, WebhookEvent, WebhookState


def from_checkout(checkout: Checkout) -> dict[str, Any]:
    """Return a checkout's columns."""
    statuses = {"status": checkout.status.value, "payment_status": checkout.payment_status.value}
    return {**asdict(checkout), **statuses}


def to_checkout(row: Any) -> Checkout:
    """Return the checkout of a row."""
    statuses = {
        "status": CheckoutStatus(row.status),
        "payment_status": PaymentStatus(row.payment_status),
    }
    return Checkout(**{**row._mapping, **statuses})


def to_purchase(row: Any) -> Purchase:
    """Return the purchase of a row."""
    return Purchase(**row._mapping)


def to_refund(row: Any) -> Refund:
    """Return the refund of a row."""
    return Refund(refund_id=row.refund_id, amount_minor=row.amount_minor, status=RefundStatus(row.status))


def to_dispute(row: Any) -> Dispute:
    """Return the dispute of a row."""
    return Dispute(**{**row._mapping, "state": DisputeState(row.state)})


def to_webhook(row: Any) -> StoredWebhook:
    """Return the webhook of a row; one that was read without its body has an empty one."""
    return StoredWebhook(
        event=WebhookEvent(
            event_id=row.event_id,
            kind=row.kind,
            session_id=row.session_id,
            payment_id=row.payment_id,
            dispute_id=row.dispute_id,
            body=bytes(getattr(row, "body", b"")),
            received_at=row.received_at,
            attempts=row.attempts,
            cause=IgnoredCause(row.cause) if row.cause else None,
        ),
        state=WebhookState(row.state),
        due_at=row.due_at,
        finished_at=row.finished_at,
        error=row.error,
    )
