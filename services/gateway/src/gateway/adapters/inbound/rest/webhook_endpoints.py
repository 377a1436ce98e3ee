"""Webhooks that are sent: where to, what of, and what came of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF, STEP_UP_REQUIRED, fresh_proof
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.webhook_endpoint import (
    NewWebhookEndpoint,
    WebhookDelivery,
    WebhookDeliveryPage,
    WebhookEndpoint,
    WebhookEndpointList,
    WebhookSigningSecret,
)
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    DeliveryPath,
    Paging,
    WebhookEndpointPath,
    delivery_id,
    idempotency_key,
    mark_replayed,
    paging,
    webhook_endpoint_id,
)
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.adapters.inbound.webhook_messages import payload_of_test
from gateway.application.add_webhook_endpoint import AddWebhookEndpoint
from gateway.application.change_webhook_endpoint import ChangeWebhookEndpoint
from gateway.application.send_test_webhook import SendTestWebhook
from gateway.domain.webhook import (
    DESCRIPTION_LENGTH_MAX,
    URL_LENGTH_MAX,
    EndpointChange,
    WebhookEvent,
)
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["webhooks"], route_class=JsonRoute)

_OFF: Reasons = {409: ("WEBHOOKS_OFF",)}
_NOT_FOUND: Reasons = {404: ("WEBHOOK_ENDPOINT_NOT_FOUND",)}
_SECRET: Reasons = {**_OFF, 503: ("WEBHOOK_SECRET_UNREADABLE",)}
# A word of JSON is a text: a strict body would take nothing but the member itself.
EventTypes = Annotated[
    list[Annotated[WebhookEvent, Field(strict=False)]],
    Field(
        min_length=1,
        max_length=len(WebhookEvent),
        examples=[["generation.succeeded", "generation.failed"]],
    ),
]
Url = Annotated[
    str, Field(min_length=1, max_length=URL_LENGTH_MAX, examples=["https://shop.example/tintype"])
]
Description = Annotated[str, Field(max_length=DESCRIPTION_LENGTH_MAX, examples=["Web shop"])]


class WebhookEndpointBody(Body):
    """Where to, and of what."""

    url: Url
    """An https address that the internet can reach."""
    event_types: EventTypes
    """What it is told."""
    description: Description | None = None
    """Your own words for it."""


class WebhookEndpointChangeBody(Body):
    """What is to be different; what is left out stays."""

    url: Url | None = None
    """Webhooks that wait go there as well."""
    event_types: EventTypes | None = None
    """What it is told from now on."""
    description: Description | None = None
    """Your own words for it."""
    enabled: Annotated[bool, Field(examples=[True])] | None = None
    """Whether it is sent anything. What happens while it is not is never sent."""


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({}))
async def list_webhook_endpoints(principal: CurrentPrincipal, deps: CurrentDeps) -> WebhookEndpointList:
    """List the endpoints, newest first."""
    return WebhookEndpointList.of(
        await deps.webhook_endpoints.endpoints(principal.user_id), WebhookEndpoint.of
    )


@router.post(
    "",
    status_code=201,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses(
        {409: ("TOO_MANY_WEBHOOK_ENDPOINTS", "WEBHOOKS_OFF"), 503: ("WEBHOOK_SECRET_UNREADABLE",)}
    ),
)
async def create_webhook_endpoint(
    body: WebhookEndpointBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> NewWebhookEndpoint:
    """Add an endpoint. Its secret is told this once; whoever lost it rotates it.

    An account has 20 at most. The same idempotency key makes one endpoint, and is told its secret again for
    an hour. From a person it takes a sign-in or a step-up within the last ten minutes; a key needs none.
    """
    new = await deps.add_webhook_endpoint(
        AddWebhookEndpoint(
            account_id=principal.user_id,
            url=body.url,
            event_types=frozenset(body.event_types),
            description=body.description or "",
            idempotency_key=key,
        )
    )
    mark_replayed(response, new.is_replayed)
    response.headers["Location"] = f"/v1/webhook-endpoints/{new.endpoint.endpoint_id}"
    return NewWebhookEndpoint.made(new)


@router.get("/signing-secret", dependencies=[per_user(Limit.READS), FRESH_PROOF], responses=refuses(_SECRET))
async def read_signing_secret(principal: CurrentPrincipal, deps: CurrentDeps) -> WebhookSigningSecret:
    """Read what signs webhooks of single requests (`webhook_url`); the first call makes it."""
    secrets = await deps.webhook_endpoints.account_secrets(
        principal.user_id, fresh=deps.secrets.new_signing()
    )
    return WebhookSigningSecret.of(secrets)


@router.post(
    "/signing-secret/rotate",
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses(_SECRET),
)
async def rotate_signing_secret(principal: CurrentPrincipal, deps: CurrentDeps) -> WebhookSigningSecret:
    """Replace it; for 24 hours the one before signs as well."""
    return WebhookSigningSecret.of(await deps.rotate_webhook_secret.of_account(principal.user_id))


@router.get("/{webhook_endpoint}", dependencies=[per_user(Limit.READS)], responses=refuses(_NOT_FOUND))
async def read_webhook_endpoint(
    webhook_endpoint: WebhookEndpointPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> WebhookEndpoint:
    """Read one, without its secret."""
    return WebhookEndpoint.of(
        await deps.webhook_endpoints.endpoint(principal.user_id, webhook_endpoint_id(webhook_endpoint))
    )


@router.patch(
    "/{webhook_endpoint}",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: (*_NOT_FOUND[404], "SESSION_NOT_FOUND"), 403: (STEP_UP_REQUIRED,)}),
)
async def change_webhook_endpoint(
    webhook_endpoint: WebhookEndpointPath,
    body: WebhookEndpointChangeBody,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
) -> WebhookEndpoint:
    """Change it, or turn it off or on again; another address takes a fresh proof, as a new endpoint does."""
    endpoint_id, url = webhook_endpoint_id(webhook_endpoint), body.url
    if url is not None and url == (await deps.webhook_endpoints.endpoint(principal.user_id, endpoint_id)).url:
        # As programs send it that read the endpoint and send all of it back.
        url = None
    if url is not None:
        await fresh_proof(principal, deps)
    changed = await deps.change_webhook_endpoint(
        ChangeWebhookEndpoint(
            account_id=principal.user_id,
            endpoint_id=endpoint_id,
            change=EndpointChange(
                url=url,
                event_types=frozenset(body.event_types) if body.event_types is not None else None,
                description=body.description,
                enabled=body.enabled,
            ),
        )
    )
    return WebhookEndpoint.of(changed)


@router.delete(
    "/{webhook_endpoint}",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(_NOT_FOUND),
)
async def delete_webhook_endpoint(
    webhook_endpoint: WebhookEndpointPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Response:
    """Remove it and its log; what waits is not sent."""
    await deps.webhook_endpoints.remove(principal.user_id, webhook_endpoint_id(webhook_endpoint))
    return Response(status_code=204)


@router.post(
    "/{webhook_endpoint}/test",
    status_code=202,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(_NOT_FOUND),
)
async def test_webhook_endpoint(
    webhook_endpoint: WebhookEndpointPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> WebhookDelivery:
    """Have a `webhook.test` sent as any other webhook is; the log says what came of it."""
    endpoint_id = webhook_endpoint_id(webhook_endpoint)
    sent = await deps.send_test_webhook(
        SendTestWebhook(
            account_id=principal.user_id,
            endpoint_id=endpoint_id,
            payload=payload_of_test(endpoint_id, now=deps.clock.now()),
        )
    )
    return WebhookDelivery.of(sent)


@router.post(
    "/{webhook_endpoint}/rotate-secret",
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses({**_NOT_FOUND, **_OFF}),
)
async def rotate_webhook_secret(
    webhook_endpoint: WebhookEndpointPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> NewWebhookEndpoint:
    """Replace its secret, which is told this once; for 24 hours the one before signs as well."""
    rotated = await deps.rotate_webhook_secret(principal.user_id, webhook_endpoint_id(webhook_endpoint))
    return NewWebhookEndpoint.made(rotated)


@router.get(
    "/{webhook_endpoint}/deliveries", dependencies=[per_user(Limit.READS)], responses=refuses(_NOT_FOUND)
)
async def list_webhook_deliveries(
    webhook_endpoint: WebhookEndpointPath,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
) -> WebhookDeliveryPage:
    """List what it was sent, newest first; what ended more than 30 days ago is forgotten."""
    page = await deps.webhook_endpoints.deliveries(
        principal.user_id, webhook_endpoint_id(webhook_endpoint), cursor=part.cursor, limit=part.limit
    )
    return WebhookDeliveryPage.of(page, WebhookDelivery.of)


@router.post(
    "/{webhook_endpoint}/deliveries/{delivery}/redeliver",
    status_code=202,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(
        {
            404: ("WEBHOOK_ENDPOINT_NOT_FOUND", "WEBHOOK_DELIVERY_NOT_FOUND"),
            409: ("WEBHOOK_DELIVERY_RUNNING",),
        }
    ),
)
async def redeliver_webhook(
    webhook_endpoint: WebhookEndpointPath,
    delivery: DeliveryPath,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
) -> WebhookDelivery:
    """Have it sent again, with the same id and body; one that still waits is tried now."""
    again = await deps.webhook_endpoints.redeliver(
        principal.user_id, webhook_endpoint_id(webhook_endpoint), delivery_id(delivery), now=deps.clock.now()
    )
    return WebhookDelivery.of(again)
