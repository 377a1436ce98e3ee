"""Packs, checkout and purchases."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.rest import render
from gateway.adapters.inbound.rest.bodies import Body, Url
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    Paging,
    checkout_id,
    idempotency_key,
    mark_replayed,
    paging,
)
from gateway.application.open_checkout import OpenCheckout
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["billing"], route_class=JsonRoute)


class CheckoutBody(Body):
    """What to buy; the addresses must be on this service's own origin."""

    pack: Annotated[str, Field(min_length=1, max_length=64)]
    success_url: Url | None = None
    cancel_url: Url | None = None


@router.get("/packs", dependencies=[per_address(Limit.READS)])
async def list_packs(deps: CurrentDeps) -> render.Json:
    """List the packs on sale; needs no token."""
    return render.whole_list(await deps.billing.packs(), render.pack)


@router.post("/checkout", status_code=201, dependencies=[per_user(Limit.CHECKOUT)])
async def create_checkout(
    body: CheckoutBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> render.Json:
    """Open a hosted checkout page for one pack."""
    checkout, replayed = await deps.open_checkout(
        principal,
        OpenCheckout(
            pack_id=body.pack,
            idempotency_key=key,
            success_url=body.success_url,
            cancel_url=body.cancel_url,
        ),
    )
    mark_replayed(response, replayed)
    response.headers["Location"] = f"/v1/checkout/{checkout.checkout_id}"
    return render.checkout(checkout)


@router.get("/checkout/{checkout}", dependencies=[per_user(Limit.READS)])
async def read_checkout(checkout: str, principal: CurrentPrincipal, deps: CurrentDeps) -> render.Json:
    """Read whether a checkout was paid."""
    return render.checkout(await deps.billing.checkout(principal.user_id, checkout_id(checkout)))


@router.get("/purchases", dependencies=[per_user(Limit.READS)])
async def list_purchases(
    principal: CurrentPrincipal, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> render.Json:
    """List the caller's purchases, newest first."""
    page = await deps.billing.purchases(principal.user_id, cursor=part.cursor, limit=part.limit)
    return render.listed(page, render.purchase)
