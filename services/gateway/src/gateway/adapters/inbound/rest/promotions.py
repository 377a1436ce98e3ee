"""Codes that people redeem for credits."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.redemption import Redemption
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import idempotency_key, mark_replayed
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/promotions", tags=["billing"], route_class=JsonRoute)


class RedeemBody(Body):
    """The code, in capitals or not."""

    code: Annotated[str, Field(min_length=4, max_length=40, examples=["SPRING-2026"])]
    """4 to 40 letters, digits or `-`."""


@router.post(
    "/redeem",
    status_code=201,
    # As few as checkouts: nobody finds a code by trying.
    dependencies=[per_user(Limit.CHECKOUT)],
    responses=refuses({404: ("UNKNOWN_PROMOTION",), 409: ("PROMOTION_ENDED", "PROMOTION_REDEEMED_BEFORE")}),
)
async def redeem_promotion(
    body: RedeemBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> Redemption:
    """Redeem a code for credits, once."""
    redemption, replayed = await deps.billing.redeem_promotion(
        principal.user_id, code=body.code, idempotency_key=key
    )
    mark_replayed(response, replayed)
    return Redemption.of(redemption)
