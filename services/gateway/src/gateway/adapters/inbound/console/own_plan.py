"""A person's own plan: change it, cancel it, take that back, and the processor's page for the rest."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.checkout import SeenPrice, for_buyers
from gateway.adapters.inbound.console.page import HtmlRoute, Session, fragment, go, show
from gateway.adapters.inbound.console.plans import OwnPlan, interval_of, own_plan
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_user
from gateway.application.change_plan import ChangePlan
from gateway.application.open_portal import OpenPortal
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError, NotFound
from gateway.domain.identifiers import PlanId
from gateway.domain.subscription import BillingInterval, Plan, PlanPrice
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
INVOICES_SIZE = 20
Key = Annotated[str, Form(min_length=1, max_length=128)]


@router.get("/console/plan", dependencies=[per_user(Limit.READS)])
async def plan(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show how the plan stands: swapped in when it changes."""
    own = await own_plan(deps, session)
    if own is None:
        raise NotFound("There is no plan.")
    return fragment(request, "own_plan.html", own=own, session=session, key=deps.secrets.new())


@router.get("/billing/plan", dependencies=[per_user(Limit.READS)])
async def change_page(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    to: Annotated[str, Query(max_length=64)] = "",
    interval: Annotated[str | None, Query(max_length=16)] = None,
) -> Response:
    """Say what another plan costs and when it begins, before anything is changed."""
    return await _change_page(request, deps, session, PlanId(to), interval_of(interval))


@router.post("/billing/plan")
async def change(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    key: Key,
    to: Annotated[str, Form(max_length=64)],
    interval: Annotated[str, Form(max_length=16)],
    seen: SeenPrice,
) -> Response:
    """Change to another plan; what is refused is said on the page that asked."""
    plan_id, chosen = PlanId(to), interval_of(interval)
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        await deps.change_plan(
            ChangePlan(
                user_id=session.user_id,
                plan_id=plan_id,
                interval=chosen,
                expected_price=seen,
                idempotency_key=key,
            )
        )
    except GatewayError as refusal:
        said = for_buyers(request, refusal)
        return await _change_page(request, deps, session, plan_id, chosen, refusal=said)
    return go("/billing", note="plan-changed")


@router.get("/billing/plan/cancel", dependencies=[per_user(Limit.READS)])
async def cancel_page(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Say when the plan would end, before it is cancelled."""
    own = await _paid(deps, session)
    return await show(request, "cancel_plan.html", session=session, own=own, key=deps.secrets.new())


@router.post("/billing/plan/cancel")
async def cancel(request: Request, deps: CurrentDeps, session: Session, key: Key) -> Response:
    """Let the plan end with what is paid for."""
    await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
    await deps.billing.cancel_subscription(session.user_id, idempotency_key=key)
    return go("/billing", note="plan-cancelled")


@router.post("/billing/plan/resume")
async def resume(request: Request, deps: CurrentDeps, session: Session, key: Key) -> Response:
    """Keep the plan as it is: neither an end nor a change any more."""
    await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
    await deps.billing.resume_subscription(session.user_id, idempotency_key=key)
    return go("/billing", note="plan-kept")


@router.get("/billing/invoices", dependencies=[per_user(Limit.READS)])
async def invoices(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """List invoices, each with the processor's page and file of it."""
    page = await deps.billing.invoices(session.user_id, cursor=cursor, limit=INVOICES_SIZE)
    return await show(
        request,
        "invoices.html",
        session=session,
        invoices=page.items,
        next_cursor=page.next_cursor,
        is_first=cursor is None,
    )


@router.post("/billing/portal")
async def portal(request: Request, deps: CurrentDeps, session: Session, key: Key) -> Response:
    """Go to the processor's page for payment methods, address and invoices."""
    await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
    url = await deps.open_portal(OpenPortal(payer=session.principal(), idempotency_key=key))
    return RedirectResponse(url, status_code=303)


async def _change_page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    to: PlanId,
    interval: BillingInterval,
    *,
    refusal: GatewayError | None = None,
) -> Response:
    own = await _paid(deps, session)
    plan, price = _on_sale(own, to, interval)
    return await show(
        request,
        "change_plan.html",
        session=session,
        refusal=refusal,
        own=own,
        plan=plan,
        price=price,
        is_at_once=own.changes_at_once(plan, price),
        key=deps.secrets.new(),
    )


async def _paid(deps: Deps, session: ConsoleSession) -> OwnPlan:
    """Return a plan that is paid for. Raises NotFound."""
    own = await own_plan(deps, session)
    if own is None or not own.is_paid:
        raise NotFound("You pay for no plan.")
    return own


def _on_sale(own: OwnPlan, plan_id: PlanId, interval: BillingInterval) -> tuple[Plan, PlanPrice]:
    """Return a plan and its price. Raises NotFound."""
    for plan in own.plans:
        for price in plan.prices:
            if (plan.plan_id, price.interval) == (plan_id, interval):
                return plan, price
    raise NotFound("There is no such plan.")
