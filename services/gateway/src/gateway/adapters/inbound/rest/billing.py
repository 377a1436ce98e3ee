"""Packs, plans, checkout and purchases."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.rest.answers.checkout import Checkout
from gateway.adapters.inbound.rest.answers.pack import Pack, PackList
from gateway.adapters.inbound.rest.answers.plan import Plan, PlanList
from gateway.adapters.inbound.rest.answers.purchase import Purchase, PurchasePage
from gateway.adapters.inbound.rest.bodies import Body, ExpectedPrice, Interval, Url, price_of
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import (
    CheckoutPath,
    Paging,
    checkout_id,
    idempotency_key,
    mark_replayed,
    paging,
)
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.application.open_checkout import OpenCheckout
from gateway.domain.identifiers import PackId, PlanId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["billing"], route_class=JsonRoute)

_PROCESSOR: Reasons = {503: ("PAYMENT_PROCESSOR_UNAVAILABLE", "PAYMENT_PROCESSOR_MISCONFIGURED")}
_CREATE: Reasons = {
    **_PROCESSOR,
    404: ("UNKNOWN_PACK", "UNKNOWN_PLAN"),
    409: (
        "PRICE_CHANGED",
        "ACCOUNT_LEAVING",
        "SUBSCRIBED_ALREADY",
        "PAYMENT_PROCESSOR_REFUSED",
        "UNKNOWN_TO_PAYMENT_PROCESSOR",
        "CUSTOMER_UNKNOWN_TO_PAYMENT_PROCESSOR",
    ),
    422: ("FOREIGN_RETURN_URL",),
}


class CheckoutBody(Body):
    """What to buy, a pack or a plan; the addresses must be on this service's own origin."""

    pack: Annotated[str | None, Field(min_length=1, max_length=64, examples=["starter"])] = None
    """A pack's id."""
    plan: Annotated[str | None, Field(min_length=1, max_length=64, examples=["pro"])] = None
    """A plan's id, instead of a pack's."""
    interval: Interval | None = None
    """For how long the plan is paid at once; required with a plan."""
    expected_price: ExpectedPrice | None = None
    """What the caller was shown; without it, what is asked is accepted."""
    success_url: Url | None = None
    """Where the person comes back to after paying."""
    cancel_url: Url | None = None
    """Where the person comes back to without having paid."""


@router.get("/packs", dependencies=[per_address(Limit.READS)], responses=refuses(_PROCESSOR))
async def list_packs(deps: CurrentDeps) -> PackList:
    """List the packs on sale; needs no token."""
    return PackList.of(await deps.billing.packs(), Pack.of)


@router.get("/plans", dependencies=[per_address(Limit.READS)])
async def list_plans(deps: CurrentDeps) -> PlanList:
    """List the plans on offer; needs no token."""
    return PlanList.of(await deps.billing.plans(), Plan.of)


@router.post(
    "/checkout",
    status_code=201,
    dependencies=[per_user(Limit.CHECKOUT)],
    responses=refuses(_CREATE),
)
async def create_checkout(
    body: CheckoutBody,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> Checkout:
    """Open a hosted checkout page for one pack or one plan.

    409 `PRICE_CHANGED` with the present `price` when something else was expected: the key is not used up.
    """
    checkout, replayed = await deps.open_checkout(
        OpenCheckout(
            buyer=principal,
            pack_id=PackId(body.pack) if body.pack else None,
            plan_id=PlanId(body.plan) if body.plan else None,
            interval=body.interval,
            expected_price=price_of(body.expected_price),
            idempotency_key=key,
            success_url=body.success_url,
            cancel_url=body.cancel_url,
        ),
    )
    mark_replayed(response, replayed)
    response.headers["Location"] = f"/v1/checkout/{checkout.checkout_id}"
    return Checkout.of(checkout)


@router.get(
    "/checkout/{checkout}",
    dependencies=[per_user(Limit.READS)],
    responses=refuses({**_PROCESSOR, 404: ("CHECKOUT_NOT_FOUND", "NOT_FOUND")}),
)
async def read_checkout(checkout: CheckoutPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Checkout:
    """Read whether a checkout was paid."""
    return Checkout.of(await deps.billing.checkout(principal.user_id, checkout_id(checkout)))


@router.get("/purchases", dependencies=[per_user(Limit.READS)])
async def list_purchases(
    principal: CurrentPrincipal, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> PurchasePage:
    """List the caller's purchases, newest first."""
    page = await deps.billing.purchases(principal.user_id, cursor=part.cursor, limit=part.limit)
    return PurchasePage.of(page, Purchase.of)
