"""What administrators do with purchases."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from gateway.adapters.inbound.acting import CurrentAdmin
from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.purchase import Purchase
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    PurchasePath,
    idempotency_key,
    mark_replayed,
    purchase_id,
)
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/admin/purchases", tags=["admin"], route_class=JsonRoute)

_REFUND: Reasons = {
    404: ("PURCHASE_NOT_FOUND",),
    409: ("NOTHING_LEFT_TO_REFUND", "PAYMENT_PROCESSOR_REFUSED", "UNKNOWN_TO_PAYMENT_PROCESSOR"),
    503: ("PAYMENT_PROCESSOR_UNAVAILABLE", "PAYMENT_PROCESSOR_MISCONFIGURED"),
}


class RefundBody(Body):
    """How much goes back, and why."""

    amount_minor: Annotated[int | None, Field(ge=1, examples=[500])] = None
    """In the currency's smallest unit; left out or null: all that is left."""
    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["Bought by mistake"])]
    """Kept with the refund, here and at the payment processor."""


@router.post(
    "/{purchase}/refund", dependencies=[per_user(Limit.CHANGES), FRESH_PROOF], responses=refuses(_REFUND)
)
async def refund_purchase(
    purchase: PurchasePath,
    body: RefundBody,
    response: Response,
    actor: CurrentAdmin,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> Purchase:
    """Refund a purchase of anybody's, whole or in part.

    Its credits are taken back in proportion. A refund that a bank takes days for counts once it has arrived.
    After 503 the refund stays ordered and is carried on by itself: repeat with the same key to see what came
    of it.
    """
    refunded, replayed = await deps.billing.refund_purchase(
        actor,
        purchase_id(purchase),
        amount_minor=body.amount_minor,
        reason=body.reason,
        idempotency_key=key,
    )
    mark_replayed(response, replayed)
    return Purchase.of(refunded)
