"""`/forgot-password`, `/reset-password`, `/verify-email`: what mailed links lead to.

A link only shows a page; its button acts. Mail scanners follow links, and a token counts once.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, require_own_origin
from gateway.adapters.inbound.console.devices import remember_device
from gateway.adapters.inbound.console.page import HtmlRoute, go, show
from gateway.adapters.inbound.limited import client_address, count
from gateway.domain.errors import GatewayError
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/forgot-password")
async def forgot_page(request: Request) -> Response:
    """The form."""
    return await show(request, "forgot_password.html", email="")


@router.post("/forgot-password")
async def forgot(request: Request, deps: CurrentDeps, email: Text = "") -> Response:
    """Mail a link; says the same whether the address has an account."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_address(request))
        await deps.identity.request_password_reset(email=email, client_address=client_address(request))
    except GatewayError as refusal:
        return await show(
            request,
            "forgot_password.html",
            refusal=refusal,
            email=email,
        )
    return go("/login", note="reset-sent")


@router.get("/reset-password")
async def reset_page(request: Request, token: str = "") -> Response:
    """The form."""
    return await show(request, "reset_password.html", token=token)


@router.post("/reset-password")
async def reset(request: Request, deps: CurrentDeps, token: Text = "", password: Text = "") -> Response:
    """Set the new password; every session ends."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_address(request))
        device_token = await deps.identity.reset_password(token=token, new_password=password)
    except GatewayError as refusal:
        return await show(
            request,
            "reset_password.html",
            refusal=refusal,
            token=token,
        )
    response = go("/login", note="password-set")
    remember_device(request, response, deps, device_token)
    return response


@router.get("/verify-email")
async def verify_page(request: Request, token: str = "") -> Response:
    """The button."""
    return await show(request, "verify_email.html", token=token)


@router.post("/verify-email")
async def verify(request: Request, deps: CurrentDeps, token: Text = "") -> Response:
    """Confirm the address."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_address(request))
        await deps.identity.verify_email(token)
    except GatewayError as refusal:
        return await show(request, "verify_email.html", refusal=refusal, token=token)
    return go("/account", note="verified")
