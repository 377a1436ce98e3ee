"""`/forgot-password`, `/reset-password`, `/verify-email`: what mailed links lead to.

A link only shows a page; its button acts. Mail scanners follow links, and a token counts once.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession, require_own_origin
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.console.devices import remember_device
from gateway.adapters.inbound.console.next_page import HOME, forget_next, remember_next, remembered_next
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, local_path, show
from gateway.adapters.inbound.limited import client_key, count
from gateway.domain.errors import GatewayError
from gateway.domain.user import Welcome
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/forgot-password")
async def forgot_page(request: Request, session: CurrentSession, next: str = HOME) -> Response:  # noqa: A002
    """Show the form, to somebody signed in with their own address in it."""
    return await show(
        request,
        "forgot_password.html",
        session=session,
        email=session.email if session else "",
        next=local_path(next, otherwise=HOME),
    )


@router.post("/forgot-password")
async def forgot(
    request: Request,
    deps: CurrentDeps,
    session: CurrentSession,
    email: Text = "",
    next: Text = HOME,  # noqa: A002
) -> Response:
    """Mail a link; says the same whether the address has an account. Who is signed in stays so."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        await deps.identity.request_password_reset(email=email, client_address=client_address(request))
    except GatewayError as refusal:
        return await show(
            request,
            "forgot_password.html",
            session=session,
            refusal=refusal,
            email=email,
            next=local_path(next, otherwise=HOME),
        )
    back = "/login" if session is None else local_path(next, otherwise=HOME)
    response = go(back, note="reset-sent")
    remember_next(response, deps, next)
    return response


@router.get("/reset-password")
async def reset_page(request: Request, session: CurrentSession, token: str = "") -> Response:
    """Show the form."""
    return await show(request, "reset_password.html", session=session, token=token)


@router.post("/reset-password")
async def reset(
    request: Request, deps: CurrentDeps, session: CurrentSession, token: Text = "", password: Text = ""
) -> Response:
    """Set the new password; every session ends."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        device_token = await deps.identity.reset_password(token=token, new_password=password)
    except GatewayError as refusal:
        return await show(
            request,
            "reset_password.html",
            session=session,
            refusal=refusal,
            token=token,
        )
    wanted = remembered_next(request, otherwise=HOME)
    response = go(f"/login?next={quote(wanted)}", note="password-set")
    forget_next(response)
    remember_device(request, response, deps, device_token)
    return response


@router.get("/verify-email")
async def verify_page(request: Request, session: CurrentSession, token: str = "") -> Response:
    """Show the button."""
    return await show(request, "verify_email.html", session=session, token=token)


@router.post("/verify-email")
async def verify(request: Request, deps: CurrentDeps, session: CurrentSession, token: Text = "") -> Response:
    """Confirm the address."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        user = await deps.identity.verify_email(token)
    except GatewayError as refusal:
        return await show(request, "verify_email.html", session=session, refusal=refusal, token=token)
    unwelcomed = user.welcome is Welcome.NONE
    wanted = remembered_next(request, otherwise="/account")
    response = go(wanted, note="verified-unwelcomed" if unwelcomed else "verified")
    forget_next(response)
    return response


@router.post("/verify-email/again")
async def verify_again(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Mail the link again."""
    await count(request, deps.limits, Limit.AUTH, client_key(request))
    await deps.identity.request_verification(session.user_id, client_address=client_address(request))
    return go("/account", note="verification-sent")
