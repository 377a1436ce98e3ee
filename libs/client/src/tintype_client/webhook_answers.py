"""What the API answers about webhooks, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint:
    """An address of yours that is told what happens."""

    id: str
    url: str
    event_types: tuple[str, ...]
    description: str
    enabled: bool
    disabled_reason: str | None
    """owner, gone or failing; None when enabled."""
    disabled_at: datetime | None
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewWebhookEndpoint(WebhookEndpoint):
    """An endpoint and its secret, which is told this once."""

    # Whoever has it signs as we do: no text of this shows it.
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WebhookSigningSecret:
    """What signs webhooks of single requests (`webhook_url`)."""

    secret: str = field(repr=False)
    previous_until: datetime | None
    """Until when the secret before it signs as well."""


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery:
    """One webhook on its way, and what came of the last attempt."""

    id: str
    message_id: str
    """What is sent as `webhook-id`: the same for every attempt."""
    event_type: str
    status: str
    """pending, succeeded or failed."""
    attempts: int
    next_attempt_at: datetime | None
    request_body: str = field(repr=False)
    """As it is signed."""
    attempted_at: datetime | None
    duration_ms: int | None
    response_status: int | None
    response_body: str | None = field(repr=False)
    error: str | None
    """timeout, connection, tls, address_refused, endpoint_disabled or internal."""
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class RequestWebhookDelivery(WebhookDelivery):
    """The webhook of one request (`webhook_url`) on its way, and what came of the last attempt."""

    url: str
    generation_id: str | None
