"""Rows of billing's tables as what they stand for, and back."""

from dataclasses import asdict
from typing import Any

from billing.domain.auto_top_up import AutoTopUp, AutoTopUpStatus, StopReason, TopUp, TopUpState
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.refund import Refund, RefundStatus
from billing.domain.standing import BillingInterval
from billing.domain.webhook_event import (
    IgnoredCause,
    StoredWebhook,
    Subject,
    SubjectKind,
    WebhookEvent,
    WebhookState,
)


def from_checkout(checkout: Checkout) -> dict[str, Any]:
    """Return a checkout's columns."""
    values = asdict(checkout)
    page_id = values.pop("page_id")
    return {
        **values,
        "session_id": page_id,
        "url": checkout.url or "",
        "status": checkout.status.value,
        "payment_status": checkout.payment_status.value,
        "interval": checkout.interval.value if checkout.interval else None,
    }


def to_checkout(row: Any) -> Checkout:
    """Return the checkout of a row."""
    values = {
        **row._mapping,
        "page_id": row.session_id,
        "url": row.url or None,
        "status": CheckoutStatus(row.status),
        "payment_status": PaymentStatus(row.payment_status),
        "interval": BillingInterval(row.interval) if row.interval else None,
    }
    del values["session_id"]
    return Checkout(**values)


def to_purchase(row: Any) -> Purchase:
    """Return the purchase of a row."""
    return Purchase(**row._mapping)


def to_refund(row: Any) -> Refund:
    """Return the refund of a row."""
    return Refund(refund_id=row.refund_id, amount_minor=row.amount_minor, status=RefundStatus(row.status))


def to_auto_top_up(row: Any) -> AutoTopUp:
    """Return what the row's user asked to be bought by itself."""
    reason = StopReason(row.reason) if row.reason is not None else None
    return AutoTopUp(**{**row._mapping, "status": AutoTopUpStatus(row.status), "reason": reason})


def to_top_up(row: Any) -> TopUp:
    """Return the top-up of a row."""
    return TopUp(**{**row._mapping, "state": TopUpState(row.state)})


def to_dispute(row: Any) -> Dispute:
    """Return the dispute of a row."""
    return Dispute(**{**row._mapping, "state": DisputeState(row.state)})


# Causes that are stored under the names that Stripe has for them.
_CAUSES = {
    IgnoredCause.ANOTHER_ACCOUNT: "connected_account",
    IgnoredCause.WITHOUT_OBJECT: "thin_event",
}
_NAMED_CAUSES = {text: cause for cause, text in _CAUSES.items()}


def from_cause(cause: IgnoredCause | None) -> str | None:
    """Return the text under which a cause is stored."""
    return None if cause is None else _CAUSES.get(cause, cause.value)


def to_cause(text: str | None) -> IgnoredCause | None:
    """Return the cause that is stored under a text."""
    return None if text is None else _NAMED_CAUSES.get(text) or IgnoredCause(text)


# Each kind of subject has a column of its own.
SUBJECT_COLUMNS = {
    SubjectKind.PAGE: "session_id",
    SubjectKind.PAYMENT: "payment_id",
    SubjectKind.DISPUTE: "dispute_id",
    SubjectKind.SUBSCRIPTION: "subscription_id",
    SubjectKind.INVOICE: "invoice_id",
    SubjectKind.ARTICLE: "article_id",
    SubjectKind.CUSTOMER: "customer_id",
}


def from_subject(subject: Subject | None) -> dict[str, str | None]:
    """Return the columns that say what a webhook is about."""
    return {
        column: subject.object_id if subject is not None and subject.kind is kind else None
        for kind, column in SUBJECT_COLUMNS.items()
    }


def _subject(row: Any) -> Subject | None:
    named = ((kind, row._mapping[column]) for kind, column in SUBJECT_COLUMNS.items())
    about = ((kind, object_id) for kind, object_id in named if object_id is not None)
    return next((Subject(kind=kind, object_id=object_id) for kind, object_id in about), None)


def to_webhook(row: Any) -> StoredWebhook:
    """Return the webhook of a row; one that was read without its body has an empty one."""
    return StoredWebhook(
        event=WebhookEvent(
            event_id=row.event_id,
            kind=row.kind,
            subject=_subject(row),
            body=bytes(getattr(row, "body", b"")),
            received_at=row.received_at,
            attempts=row.attempts,
            cause=to_cause(row.cause),
        ),
        state=WebhookState(row.state),
        due_at=row.due_at,
        finished_at=row.finished_at,
        error=row.error or None,
    )
