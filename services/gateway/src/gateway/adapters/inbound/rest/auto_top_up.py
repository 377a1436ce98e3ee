"""Packs that are bought by themselves when credits run low."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.auto_top_up import AutoTopUp
from gateway.adapters.inbound.rest.bodies import Body, ExpectedPrice, price_of
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain.auto_top_up import AutoTopUpWish
from gateway.domain.identifiers import PackId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["billing"], route_class=JsonRoute)

_SET: Reasons = {
    404: ("UNKNOWN_PACK",),
    409: ("NO_PAYMENT_METHOD", "PRICE_CHANGED", "ACCOUNT_LEAVING", "PAYMENT_PROCESSOR_REFUSED"),
    503: ("PAYMENT_PROCESSOR_UNAVAILABLE", "PAYMENT_PROCESSOR_MISCONFIGURED"),
}


class AutoTopUpBody(Body):
    """What is wanted from now on."""

    enabled: Annotated[bool, Field(examples=[True])]
    """Whether packs are bought by themselves."""
    threshold_credits: Annotated[int, Field(ge=1, le=1_000_000_000, examples=[200])]
    """Below this many credits."""
    pack: Annotated[str, Field(min_length=1, max_length=64, examples=["starter"])]
    """A pack's id."""
    monthly_purchases_max: Annotated[int, Field(ge=1, le=100, examples=[3])]
    """In a calendar month (UTC) at most."""
    expected_price: ExpectedPrice | None = None
    """What the caller was shown; without it, what the pack costs is agreed to."""


@router.get("/auto-top-up", dependencies=[per_user(Limit.READS)])
async def read_auto_top_up(principal: CurrentPrincipal, deps: CurrentDeps) -> AutoTopUp:
    """Read whether packs are bought by themselves, and how that stands."""
    return AutoTopUp.of(await deps.billing.auto_top_up(principal.user_id))


@router.put("/auto-top-up", dependencies=[per_user(Limit.CHECKOUT)], responses=refuses(_SET))
async def set_auto_top_up(body: AutoTopUpBody, principal: CurrentPrincipal, deps: CurrentDeps) -> AutoTopUp:
    """Have packs bought by themselves when credits run low, or stop it.

    What the pack costs now is agreed to; when it costs more, it is not bought and auto top-up stops.
    """
    wish = AutoTopUpWish(
        is_on=body.enabled,
        threshold_credits=body.threshold_credits,
        pack_id=PackId(body.pack),
        monthly_purchases_max=body.monthly_purchases_max,
        expected_price=price_of(body.expected_price),
    )
    return AutoTopUp.of(await deps.set_auto_top_up(principal.user_id, wish))
