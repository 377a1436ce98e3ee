"""`/premium` and `/business`: open to plans with the word of their name, which the others sell."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession
from gateway.adapters.inbound.console.beside import models_beside
from gateway.adapters.inbound.console.languages import language_of
from gateway.adapters.inbound.console.page import HtmlRoute, show
from gateway.adapters.inbound.console.plans import PAGES, opening, plan_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_address
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import NotFound
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)


@router.get("/premium", dependencies=[per_address(Limit.READS)])
async def premium(request: Request, deps: CurrentDeps, session: CurrentSession) -> Response:
    """Show what is for plans that open `premium`, or those plans."""
    return await _page(request, deps, session, "premium")


@router.get("/business", dependencies=[per_address(Limit.READS)])
async def business(request: Request, deps: CurrentDeps, session: CurrentSession) -> Response:
    """Show what is for plans that open `business`, or those plans."""
    return await _page(request, deps, session, "business")


async def _page(request: Request, deps: Deps, session: ConsoleSession | None, word: str) -> Response:
    is_open = session is not None and word in await deps.entitlements.of(session.user_id)
    plans, models, subscription = await asyncio.gather(
        deps.billing.plans(), models_beside(deps), plan_of(deps, session)
    )
    sold = opening(plans, word)
    if not is_open and not sold:
        # Nothing is promised that nobody can have.
        raise NotFound("There is nothing at this address.")
    return await show(
        request,
        "subscribers.html",
        session=session,
        title=language_of(request).say(PAGES[word]),
        is_open=is_open,
        models=[model for model in models if model.requires == word],
        plans=sold,
        subscription=subscription,
    )
