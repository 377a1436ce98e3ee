"""The caller's plan: what it is, what becomes of it, and what was paid for it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.invoice import Invoice, InvoicePage
from gateway.adapters.inbound.rest.answers.plan import Subscription
from gateway.adapters.inbound.rest.answers.portal import BillingPortal
from gateway.adapters.inbound.rest.bodies import Body, ExpectedPrice, Interval, Url, price_of
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import Paging, idempotency_key, paging
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.application.change_plan import ChangePlan
from gateway.application.open_portal import OpenPortal
from gateway.domain.identifiers import PlanId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1", tags=["billing"], route_class=JsonRoute)

_PROCESSOR: Reasons = {503: ("PAYMENT_PROCESSOR_UNAVAILABLE", "PAYMENT_PROCESSOR_MISCONFIGURED")}
_OF_A_PAID_PLAN: Reasons = {
    **_PROCESSOR,
    404: ("SUBSCRIPTION_NOT_FOUND",),
    409: ("PLAN_IS_FREE", "PAYMENT_PROCESSOR_REFUSED", "UNKNOWN_TO_PAYMENT_PROCESSOR"),
}
_CHANGE: Reasons = {
    **_OF_A_PAID_PLAN,
    404: ("SUBSCRIPTION_NOT_FOUND", "UNKNOWN_PLAN"),
    409: (
        *("PLAN_IS_FREE", "PAYMENT_DECLINED", "PRICE_CHANGED", "ACCOUNT_LEAVING"),
        *("PAYMENT_PROCESSOR_REFUSED", "UNKNOWN_TO_PAYMENT_PROCESSOR"),
    ),
}
_RESUME: Reasons = {**_OF_A_PAID_PLAN, 409: (*_OF_A_PAID_PLAN[409], "ACCOUNT_LEAVING")}
_PORTAL: Reasons = {
    **_PROCESSOR,
    409: ("PAYMENT_PROCESSOR_REFUSED", "UNKNOWN_TO_PAYMENT_PROCESSOR"),
    422: ("FOREIGN_RETURN_URL",),
}
Key = Annotated[str, Depends(idempotency_key)]


class ChangeBody(Body):
    """What the plan shall be."""

    plan: Annotated[str, Field(min_length=1, max_length=64, examples=["business"])]
    """A plan's id."""
    interval: Interval
    """For how long it is paid at once."""
    expected_price: ExpectedPrice | None = None
    """What the caller was shown; without it, what is asked is accepted."""


class PortalBody(Body):
    """The address must be on this service's own origin."""

    return_url: Url | None = None
    """Where the page leads back to; the console's billing page when it is left out."""


@router.get(
    "/subscription",
    dependencies=[per_user(Limit.READS)],
    responses=refuses({404: ("SUBSCRIPTION_NOT_FOUND",)}),
)
async def read_subscription(principal: CurrentPrincipal, deps: CurrentDeps) -> Subscription:
    """Read which plan the caller has, and when its credits come next."""
    return Subscription.of(await deps.billing.subscription(principal.user_id))


@router.post("/subscription/change", dependencies=[per_user(Limit.CHANGES)], responses=refuses(_CHANGE))
async def change_subscription(
    body: ChangeBody, principal: CurrentPrincipal, deps: CurrentDeps, key: Key
) -> Subscription:
    """Change the caller's paid plan.

    More comes at once and is paid at once, in proportion to the time that is left; less comes when the time
    that is paid for ends. Repeated, it changes nothing more. 409 `PRICE_CHANGED` with the present `price`
    when something else was expected.
    """
    changed = await deps.change_plan(
        ChangePlan(
            user_id=principal.user_id,
            plan_id=PlanId(body.plan),
            interval=body.interval,
            expected_price=price_of(body.expected_price),
            idempotency_key=key,
        )
    )
    return Subscription.of(changed)


@router.post(
    "/subscription/cancel", dependencies=[per_user(Limit.CHANGES)], responses=refuses(_OF_A_PAID_PLAN)
)
async def cancel_subscription(principal: CurrentPrincipal, deps: CurrentDeps, key: Key) -> Subscription:
    """End the caller's paid plan when the time that is paid for ends."""
    return Subscription.of(await deps.billing.cancel_subscription(principal.user_id, idempotency_key=key))


@router.post("/subscription/resume", dependencies=[per_user(Limit.CHANGES)], responses=refuses(_RESUME))
async def resume_subscription(principal: CurrentPrincipal, deps: CurrentDeps, key: Key) -> Subscription:
    """Take back that the caller's paid plan ends or becomes less, or that it is paused."""
    return Subscription.of(await deps.billing.resume_subscription(principal.user_id, idempotency_key=key))


@router.post(
    "/billing-portal", status_code=201, dependencies=[per_user(Limit.CHECKOUT)], responses=refuses(_PORTAL)
)
async def open_billing_portal(
    body: PortalBody, principal: CurrentPrincipal, deps: CurrentDeps, key: Key
) -> BillingPortal:
    """Open the payment processor's page for the caller's plan, payment methods and invoices."""
    url = await deps.open_portal(OpenPortal(payer=principal, return_url=body.return_url, idempotency_key=key))
    return BillingPortal(url=url)


@router.get("/invoices", dependencies=[per_user(Limit.READS)], responses=refuses(_PROCESSOR))
async def list_invoices(
    principal: CurrentPrincipal, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> InvoicePage:
    """List the caller's invoices, newest first."""
    page = await deps.billing.invoices(principal.user_id, cursor=part.cursor, limit=part.limit)
    return InvoicePage.of(page, Invoice.of)
