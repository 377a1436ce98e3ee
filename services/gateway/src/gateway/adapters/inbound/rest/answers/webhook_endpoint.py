"""Where webhooks are sent, and what came of them."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Page, Whole
from gateway.application.add_webhook_endpoint import NewWebhookEndpoint as Made
from gateway.domain import webhook as domain

_URL = "https://shop.example/tintype"
WebhookEndpointId = Annotated[
    str, shown("whe_019324a1b2c37def8a9b0c1d2e3f4a66", says="A webhook endpoint's id.")
]
Secret = Annotated[
    str, shown("whsec_EXAMPLExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=", says="`whsec_`, then base64.")
]


class WebhookEndpoint(Answer):
    """An address of yours that is told what happens."""

    id: WebhookEndpointId
    url: Annotated[str, shown(_URL, maxLength=domain.URL_LENGTH_MAX)]
    """Where webhooks are posted."""
    event_types: Annotated[list[domain.WebhookEvent], shown(["generation.succeeded"])]
    """What it is told."""
    description: Annotated[str, shown("Web shop", maxLength=domain.DESCRIPTION_LENGTH_MAX)]
    """Your own words for it."""
    enabled: Annotated[bool, shown(True)]
    """Whether it is sent anything."""
    disabled_reason: domain.DisabledReason | None
    """`owner` turned it off, it was `gone` (410), or `failing` for days; null when enabled."""
    disabled_at: Moment | None
    """Since when it is sent nothing; null when enabled."""
    failing_since: Moment | None
    """When the first webhook failed since the last one that arrived; null when all is well."""
    created_at: Moment

    @classmethod
    def of(cls, endpoint: domain.WebhookEndpoint) -> Self:
        """Show an endpoint."""
        return cls(
            id=endpoint.endpoint_id,
            url=endpoint.url,
            event_types=sorted(endpoint.event_types),
            description=endpoint.description,
            enabled=endpoint.is_enabled,
            disabled_reason=endpoint.disabled_reason,
            disabled_at=endpoint.disabled_at,
            failing_since=endpoint.failing_since,
            created_at=endpoint.created_at,
        )


class NewWebhookEndpoint(WebhookEndpoint):
    """An endpoint and its secret."""

    secret: Secret
    """What it verifies signatures by. It is told this once."""

    @classmethod
    def made(cls, new: Made) -> Self:
        """Show a new one, or one with a new secret."""
        return cls(**WebhookEndpoint.of(new.endpoint).model_dump(), secret=new.secret)


class WebhookEndpointList(Whole[WebhookEndpoint]):
    """The endpoints of an account."""


class WebhookSigningSecret(Answer):
    """What signs webhooks of single requests (`webhook_url`)."""

    secret: Secret
    """What signatures are verified by."""
    previous_until: Moment | None
    """Until when the secret before it signs as well; null when none does."""

    @classmethod
    def of(cls, secrets: domain.SigningSecrets) -> Self:
        """Show it."""
        return cls(secret=secrets.current, previous_until=secrets.previous_until)


class WebhookDelivery(Answer):
    """One webhook on its way to an endpoint, and what came of the last attempt."""

    id: Annotated[str, shown("dlv_019324a1b2c37def8a9b0c1d2e3f4a67")]
    """The delivery's id."""
    message_id: Annotated[str, shown("msg_5f2b1c0e9d8a47f6a3b2c1d0e9f8a7b6")]
    """What is sent as `webhook-id`: the same for every attempt."""
    event_type: Annotated[str, shown("generation.succeeded")]
    """What it tells."""
    status: domain.DeliveryState
    """`pending` while it is tried, `succeeded`, or `failed` once that was given up."""
    attempts: Annotated[int, shown(1, minimum=0)]
    """How often it was tried."""
    next_attempt_at: Moment | None
    """When it is tried next; null when it is over."""
    request_body: Annotated[str, shown('{"type":"generation.succeeded"}')]
    """What is sent, as it is signed."""
    attempted_at: Moment | None
    """When it was tried last; null before the first time."""
    duration_ms: Annotated[int | None, shown(120)]
    """How long the last attempt took."""
    response_status: Annotated[int | None, shown(200)]
    """What the endpoint answered; null without an answer."""
    response_body: Annotated[str | None, shown("thanks")]
    """The first 1000 characters of its answer; null without one."""
    error: domain.AttemptError | None
    """Why there was no answer; null when there was one."""
    created_at: Moment

    @classmethod
    def of(cls, delivery: domain.WebhookDelivery) -> Self:
        """Show a delivery."""
        last = delivery.last_attempt
        return cls(
            id=delivery.delivery_id,
            message_id=delivery.message_id,
            event_type=delivery.event_type,
            status=delivery.state,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            request_body=delivery.payload,
            attempted_at=last.attempted_at if last else None,
            duration_ms=last.duration_ms if last else None,
            response_status=last.status if last else None,
            response_body=last.response if last else None,
            error=last.error if last else None,
            created_at=delivery.created_at,
        )


class WebhookDeliveryPage(Page[WebhookDelivery]):
    """A part of an endpoint's log."""


class RequestWebhookDelivery(WebhookDelivery):
    """The webhook of one request on its way, and what came of the last attempt."""

    url: Annotated[str, shown(_URL, maxLength=domain.URL_LENGTH_MAX)]
    """Where it is posted: the request's `webhook_url`."""
    generation_id: Annotated[str | None, shown("gen_019324a1b2c37def8a9b0c1d2e3f4a5b")]
    """What the request asked for."""

    @classmethod
    def of(cls, delivery: domain.WebhookDelivery) -> Self:
        """Show a delivery."""
        told = WebhookDelivery.of(delivery).model_dump()
        return cls(**told, url=delivery.url, generation_id=delivery.generation_id)


class RequestWebhookDeliveryPage(Page[RequestWebhookDelivery]):
    """A part of the log of single requests."""
