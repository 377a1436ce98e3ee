"""`/account`: the profile, and in short what the other pages have at length."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.plans import own_plan
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_user
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError
from gateway.domain.generation import Generation
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
RECENT_SIZE = 5
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/account", dependencies=[per_user(Limit.READS)])
async def account(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Name, picture, balance, what was made last, colours and language."""
    return await account_page(request, deps, session)


@router.post("/account")
async def update(
    request: Request, deps: CurrentDeps, session: Session, full_name: Text = "", avatar_url: Text = ""
) -> Response:
    """Change name and picture."""
    try:
        await count(request, deps.limits, Limit.CHANGES, session.user_id)
        await deps.identity.update_profile(session.user_id, full_name=full_name, avatar_url=avatar_url)
    except GatewayError as refusal:
        return await account_page(
            request, deps, session, refusal=refusal, full_name=full_name, avatar_url=avatar_url
        )
    return go("/account", note="saved")


async def account_page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    refusal: GatewayError | None = None,
    **values: Any,
) -> Response:
    """Return the page as it stands; with a refusal, the form with `values` as they were typed."""
    user = await deps.identity.user(session.user_id)
    known: dict[str, Any] = {
        "user": user,
        "full_name": user.full_name,
        "avatar_url": user.avatar_url,
        # Wherever the form that was refused stands.
        "path": "/account",
    }
    return await show(
        request,
        "account.html",
        session=session,
        refusal=refusal,
        recent=await _recent(deps, session),
        own=await own_plan(deps, session),
        **known | values,
    )


async def _recent(deps: Deps, session: ConsoleSession) -> Sequence[Generation] | None:
    """Return what was made last; None when generation can't say, which hides nothing else of the page."""
    try:
        page = await deps.generations.page(session.user_id, cursor=None, limit=RECENT_SIZE)
    except GatewayError:
        return None
    return page.items
