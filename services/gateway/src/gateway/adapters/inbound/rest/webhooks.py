"""Webhooks of the payment processor, handed to billing exactly as received."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.rest.answers.webhook import WebhookReceipt
from gateway.adapters.inbound.rest.reasons import refuses

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

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
    headers = {name: value for name, value in request.headers.items() if name not in CREDENTIALS}
    duplicate = await deps.billing.receive_webhook(body=await request.body(), headers=headers)
    return WebhookReceipt(duplicate=duplicate)
