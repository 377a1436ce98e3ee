"""Rows of webhooks as our own objects, and back."""

from typing import Any
from urllib.parse import urlsplit

from gateway.domain.errors import NotFound
from gateway.domain.identifiers import AccountId, DeliveryId, GenerationId, MessageId, WebhookEndpointId
from gateway.domain.webhook import (
    Attempt,
    AttemptError,
    DeliveryState,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)

_EVENTS = frozenset(WebhookEvent)


def endpoint_of(row: Any) -> WebhookEndpoint:
    """Read an endpoint; events that a newer gateway wrote are passed over."""
    return WebhookEndpoint(
        endpoint_id=WebhookEndpointId(row.endpoint_id),
        account_id=AccountId(row.account_id),
        url=row.url,
        event_types=frozenset(WebhookEvent(name) for name in row.event_types if name in _EVENTS),
        description=row.description,
        created_at=row.created_at,
        disabled_reason=DisabledReason(row.disabled_reason) if row.disabled_reason else None,
        disabled_at=row.disabled_at,
        failing_since=row.failing_since,
    )


def delivery_of(row: Any) -> WebhookDelivery:
    """Read a delivery, with its generation where that was asked for."""
    generation_id = getattr(row, "generation_id", None)
    return WebhookDelivery(
        delivery_id=DeliveryId(row.delivery_id),
        account_id=AccountId(row.account_id),
        endpoint_id=WebhookEndpointId(row.endpoint_id) if row.endpoint_id else None,
        url=row.url,
        message_id=MessageId(row.message_id),
        event_type=row.event_type,
        payload=row.payload,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.due_at,
        created_at=row.created_at,
        last_attempt=_attempt_of(row),
        generation_id=GenerationId(generation_id) if generation_id else None,
    )


def _attempt_of(row: Any) -> Attempt | None:
    if row.attempted_at is None:
        return None
    return Attempt(
        attempted_at=row.attempted_at,
        duration_ms=row.duration_ms,
        status=row.status,
        error=AttemptError(row.error) if row.error else None,
        response=row.response,
    )


def attempt_values(attempt: Attempt) -> dict[str, Any]:
    """Return the columns of an attempt; PostgreSQL keeps no NUL."""
    return {
        "attempted_at": attempt.attempted_at,
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error.value if attempt.error else None,
        "response": attempt.response.replace("\0", "\ufffd") if attempt.response is not None else None,
    }


def delivery_values(delivery: WebhookDelivery) -> dict[str, Any]:
    """Return the columns of a new delivery to an endpoint."""
    return {
        "delivery_id": delivery.delivery_id,
        "account_id": delivery.account_id,
        "endpoint_id": delivery.endpoint_id,
        "receiver": delivery.endpoint_id,
        "url": delivery.url,
        "message_id": delivery.message_id,
        "event_type": delivery.event_type,
        "payload": delivery.payload,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "due_at": delivery.next_attempt_at,
        "created_at": delivery.created_at,
    }


def receiver_of(account_id: AccountId, url: str) -> str:
    """Name whose turn the webhook of one request takes: the account's at that host."""
    return f"{account_id} {urlsplit(url).netloc.lower()}"


def no_endpoint() -> NotFound:
    """Return the refusal of an endpoint that is absent or another's."""
    return NotFound("There is no such webhook endpoint.", reason="WEBHOOK_ENDPOINT_NOT_FOUND")


def no_delivery() -> NotFound:
    """Return the refusal of a delivery that is absent or another's."""
    return NotFound("There is no such delivery.", reason="WEBHOOK_DELIVERY_NOT_FOUND")
