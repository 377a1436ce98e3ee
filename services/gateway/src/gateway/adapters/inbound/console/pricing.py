"""`/pricing`: what plans and packs cost, and what credits buy."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession
from gateway.adapters.inbound.console.beside import models_beside
from gateway.adapters.inbound.console.checkout import SeenPrice, for_buyers
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.plans import interval_of, intervals_of, offers_of, plan_of
from gateway.adapters.inbound.console.promise import promised_credits
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_address
from gateway.application.open_checkout import OpenCheckout
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import Conflict, GatewayError
from gateway.domain.identifiers import PlanId
from gateway.domain.subscription import BillingInterval
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
Interval = Annotated[str | None, Query(max_length=16)]


@router.get("/pricing", dependencies=[per_address(Limit.READS)])
async def pricing(
    request: Request, deps: CurrentDeps, session: CurrentSession, interval: Interval = None
) -> Response:
    """Show what plans cost by the month or by the year, and what packs cost."""
    return await _page(request, deps, session, interval_of(interval))


@router.post("/billing/subscribe")
async def subscribe(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    plan: Annotated[str, Form(max_length=64)],
    interval: Annotated[str, Form(max_length=16)],
    key: Annotated[str, Form(min_length=1, max_length=128)],
    seen: SeenPrice,
) -> Response:
    """Open the payment page for a plan and go there; who pays for one already is led to it."""
    chosen = interval_of(interval)
    try:
        await count(request, deps.limits, Limit.CHECKOUT, session.user_id)
        opened, _ = await deps.open_checkout(
            OpenCheckout(
                buyer=session.principal(),
                plan_id=PlanId(plan),
                interval=chosen,
                expected_price=seen,
                idempotency_key=f"{key}:{plan}:{chosen.value}",
            )
        )
        if opened.url is None:
            raise Conflict("That checkout is over. Press the button again to start another.")
    except GatewayError as refusal:
        if refusal.reason == "SUBSCRIBED_ALREADY":
            return go("/billing", note="subscribed")
        return await _page(request, deps, session, chosen, refusal=for_buyers(request, refusal))
    return RedirectResponse(opened.url, status_code=303)


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession | None,
    interval: BillingInterval,
    *,
    refusal: GatewayError | None = None,
) -> Response:
    packs, plans, models, subscription, welcome = await asyncio.gather(
        deps.billing.packs(),
        deps.billing.plans(),
        models_beside(deps),
        plan_of(deps, session),
        promised_credits(deps, session),
    )
    return await show(
        request,
        "pricing.html",
        session=session,
        refusal=refusal,
        packs=packs,
        models=models,
        welcome=welcome,
        offers=offers_of(plans, interval, subscription),
        intervals=intervals_of(plans),
        interval=interval,
        subscription=subscription,
        key=deps.secrets.new(),
    )
