"""The log of webhooks of single requests (`webhook_url`): what was sent, what was answered, and again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.webhook_endpoint import (
    RequestWebhookDelivery,
    RequestWebhookDeliveryPage,
)
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    DeliveryPath,
    Paging,
    delivery_id,
    generation_id,
    paging,
)
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/webhook-deliveries", tags=["webhooks"], route_class=JsonRoute)

OfGeneration = Annotated[str | None, Query(description="What was sent of one generation, by its id.")]


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("NOT_FOUND",)}))
async def list_request_deliveries(
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    part: Annotated[Paging, Depends(paging)],
    generation: OfGeneration = None,
) -> RequestWebhookDeliveryPage:
    """List what was sent to `webhook_url` of single requests, newest first.

    What ended more than 30 days ago is forgotten. Endpoints have logs of their own.
    """
    page = await deps.webhook_endpoints.deliveries(
        principal.user_id,
        None,
        generation_id=generation_id(generation) if generation is not None else None,
        cursor=part.cursor,
        limit=part.limit,
    )
    return RequestWebhookDeliveryPage.of(page, RequestWebhookDelivery.of)


@router.post(
    "/{delivery}/redeliver",
    status_code=202,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: ("WEBHOOK_DELIVERY_NOT_FOUND",), 409: ("WEBHOOK_DELIVERY_RUNNING",)}),
)
async def redeliver_request_webhook(
    delivery: DeliveryPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> RequestWebhookDelivery:
    """Have it sent again, with the same id and body; one that still waits is tried now."""
    again = await deps.webhook_endpoints.redeliver(
        principal.user_id, None, delivery_id(delivery), now=deps.clock.now()
    )
    return RequestWebhookDelivery.of(again)
