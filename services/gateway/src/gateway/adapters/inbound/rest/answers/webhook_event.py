"""What webhooks tell: thin, so that whoever wants all of it asks for it by its id."""

from typing import Annotated, Literal

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Credits,
    Currency,
    GenerationId,
    Minor,
    Moment,
    PaymentId,
    PurchaseId,
    shown,
)
from gateway.adapters.inbound.rest.answers.balance import Balance
from gateway.adapters.inbound.rest.answers.event import PaymentCompleted
from gateway.adapters.inbound.rest.answers.webhook_endpoint import WebhookEndpointId
from gateway.domain.generation import GenerationStatus

VERSION: Literal["v1"] = "v1"


class WebhookGeneration(Answer):
    """A generation that ended; `GET /v1/generations/{id}` tells the rest, with addresses of its outputs."""

    id: GenerationId
    status: GenerationStatus
    """Succeeded, failed or cancelled: it changes no more."""
    credits_charged: Annotated[Credits, shown(15)]
    """What it cost; 0 unless it succeeded."""
    output_count: Annotated[int, shown(1, minimum=0)]
    """How many outputs there are."""
    failure_reason: Annotated[str | None, shown(None, "CONTENT_REFUSED")]
    """Why it failed, as one stable word; null unless it did."""


class WebhookCreditsLow(Answer):
    """The available credits fell below the threshold; told once for each fall."""

    threshold: Annotated[Credits, shown(100)]
    """Below this many."""
    balance: Balance


class WebhookCreditsCharged(Answer):
    """A generation was paid for."""

    generation_id: GenerationId | None
    """Which one; null for other uses."""
    charged: Annotated[Credits, shown(15)]
    """What was taken."""
    returned: Annotated[Credits, shown(0)]
    """What of the reservation came back."""
    balance: Balance


class WebhookRefund(Answer):
    """Money of a payment went back, and its credits are taken back; of several the newest counts."""

    payment_id: PaymentId
    purchase_id: PurchaseId
    refunded_credits: Annotated[Credits, shown(1000)]
    """What is taken back so far."""
    refunded_minor: Minor
    """What went back so far, in the currency's smallest unit."""
    currency: Currency


class WebhookTest(Answer):
    """Nothing happened: somebody tries the endpoint."""

    webhook_endpoint_id: WebhookEndpointId


class _Event(Answer):
    api_version: Annotated[Literal["v1"], shown(VERSION)]
    """What `data` looks like: fields are only ever added to it."""
    timestamp: Moment
    """When it happened; webhooks may come in another order."""


class GenerationSucceededEvent(_Event):
    """A generation has its outputs."""

    type: Literal["generation.succeeded"] = "generation.succeeded"
    """What happened."""
    data: WebhookGeneration


class GenerationFailedEvent(_Event):
    """A generation failed; its credits came back."""

    type: Literal["generation.failed"] = "generation.failed"
    """What happened."""
    data: WebhookGeneration


class GenerationCancelledEvent(_Event):
    """A generation was cancelled; its credits came back."""

    type: Literal["generation.cancelled"] = "generation.cancelled"
    """What happened."""
    data: WebhookGeneration


class CreditsLowEvent(_Event):
    """Few credits are left."""

    type: Literal["credits.low"] = "credits.low"
    """What happened."""
    data: WebhookCreditsLow


class CreditsChargedEvent(_Event):
    """Credits were spent."""

    type: Literal["credits.charged"] = "credits.charged"
    """What happened."""
    data: WebhookCreditsCharged


class PaymentCompletedEvent(_Event):
    """Money arrived; its credits follow."""

    type: Literal["payment.completed"] = "payment.completed"
    """What happened."""
    data: PaymentCompleted


class PaymentRefundedEvent(_Event):
    """Money went back."""

    type: Literal["payment.refunded"] = "payment.refunded"
    """What happened."""
    data: WebhookRefund


class WebhookTestEvent(_Event):
    """A try."""

    type: Literal["webhook.test"] = "webhook.test"
    """What happened."""
    data: WebhookTest


EVENTS: tuple[type[_Event], ...] = (
    GenerationSucceededEvent,
    GenerationFailedEvent,
    GenerationCancelledEvent,
    CreditsLowEvent,
    CreditsChargedEvent,
    PaymentCompletedEvent,
    PaymentRefundedEvent,
    WebhookTestEvent,
)
"""Every kind, by the name in its `type`."""


def type_of(event: type[Answer]) -> str:
    """Return the name of a kind."""
    return str(event.model_fields["type"].default)
