"""`/account/email`, `/change-email`, `/keep-email`: another address, and the way back to the old one.

A mailed link only shows a page; its button acts. Mail scanners follow links, and a token counts once.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession, require_own_origin
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.limited import client_key, count, per_user
from gateway.domain.errors import GatewayError
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/account/email", dependencies=[per_user(Limit.READS)])
async def email_page(request: Request, session: Session) -> Response:
    """Show the form."""
    return await show(request, "email.html", session=session, email="")


@router.post("/account/email", dependencies=[per_user(Limit.CHANGES)])
async def ask_for_change(
    request: Request, deps: CurrentDeps, session: Session, email: Text = "", password: Text = ""
) -> Response:
    """Mail the links; says the same whether another account has the address."""
    try:
        await deps.identity.request_email_change(
            session.user_id, email=email, password=password, client_address=client_address(request)
        )
    except GatewayError as refusal:
        return await show(request, "email.html", session=session, refusal=refusal, email=email)
    return go("/account", note="email-asked")


@router.get("/change-email")
async def change_page(request: Request, session: CurrentSession, token: str = "") -> Response:
    """Show the button."""
    return await show(request, "change_email.html", session=session, token=token)


@router.post("/change-email")
async def change(request: Request, deps: CurrentDeps, session: CurrentSession, token: Text = "") -> Response:
    """Make the new address the account's."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        await deps.identity.change_email(token)
    except GatewayError as refusal:
        return await show(request, "change_email.html", session=session, refusal=refusal, token=token)
    return go("/account", note="email-changed")


@router.get("/keep-email")
async def keep_page(request: Request, session: CurrentSession, token: str = "") -> Response:
    """Show the button."""
    return await show(request, "keep_email.html", session=session, token=token)


@router.post("/keep-email")
async def keep(request: Request, deps: CurrentDeps, session: CurrentSession, token: Text = "") -> Response:
    """Make the old address the account's again; whoever is signed in has to choose a new password."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        await deps.identity.keep_email(token)
    except GatewayError as refusal:
        return await show(request, "keep_email.html", session=session, refusal=refusal, token=token)
    response = go("/forgot-password", note="email-kept")
    response.delete_cookie(deps.web.cookie_name, path="/")
    return response
