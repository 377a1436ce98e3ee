"""`/account`: the profile."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.limited import count, per_user
from gateway.domain.errors import GatewayError
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/account", dependencies=[per_user(Limit.READS)])
async def account(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Name, picture, address, theme."""
    user = await deps.identity.user(session.user_id)
    return await show(
        request,
        "account.html",
        session=session,
        user=user,
        full_name=user.full_name,
        avatar_url=user.avatar_url,
    )


@router.post("/account")
async def update(
    request: Request, deps: CurrentDeps, session: Session, full_name: Text = "", avatar_url: Text = ""
) -> Response:
    """Change name and picture."""
    try:
        await count(request, deps.limits, Limit.CHANGES, session.user_id)
        await deps.identity.update_profile(session.user_id, full_name=full_name, avatar_url=avatar_url)
    except GatewayError as refusal:
        return await show(
            request,
            "account.html",
            session=session,
            refusal=refusal,
            user=await deps.identity.user(session.user_id),
            full_name=full_name,
            avatar_url=avatar_url,
        )
    return go("/account", note="saved")
