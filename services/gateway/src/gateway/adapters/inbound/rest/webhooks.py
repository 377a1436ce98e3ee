"""Webhooks of the payment processor and of media providers, handed on exactly as received."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.limited import per_address
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.webhook import WebhookReceipt
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=PlacedRoute)

SIGNATURE_LENGTH_MAX = 2_048
# They are for us, and no processor signs by them.
CREDENTIALS = ("authorization", "cookie")


@router.post(
    "/stripe",
    responses=refuses(
        {400: ("INVALID_SIGNATURE", "INVALID_WEBHOOK"), 503: ("PAYMENT_PROCESSOR_UNAVAILABLE",)}
    ),
)
async def receive_stripe(
    request: Request,
    deps: CurrentDeps,
    stripe_signature: Annotated[
        str, Header(max_length=SIGNATURE_LENGTH_MAX, description="The processor's signature.")
    ] = "",
) -> WebhookReceipt:
    """Take one event: 200 once it is stored, 400 for a signature that does not fit."""
    duplicate = await deps.billing.receive_webhook(body=await request.body(), headers=_headers(request))
    return WebhookReceipt(duplicate=duplicate)


@router.post(
    "/providers/{provider}",
    status_code=204,
    dependencies=[per_address(Limit.WEBHOOKS)],
    responses=refuses({400: ("INVALID_SIGNATURE", "INVALID_WEBHOOK"), 404: ("RUN_NOT_FOUND",)}),
)
async def receive_of_provider(
    request: Request,
    deps: CurrentDeps,
    provider: Annotated[str, Path(description="The provider's name, as models have it.")],
) -> Response:
    """Take a hint that a run has changed: its provider is asked how it stands, and nothing is kept.

    400 for a signature that does not fit, 404 for a run that nobody waits for, and for a provider of which
    none is expected.
    """
    await deps.generations.receive_webhook(
        provider,
        body=await request.body(),
        headers=_headers(request),
        query=dict(request.query_params.items()),
    )
    return Response(status_code=204)


def _headers(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name not in CREDENTIALS}
