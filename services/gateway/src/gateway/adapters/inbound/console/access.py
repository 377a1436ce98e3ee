"""`/signup`, `/login`, `/logout`."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession, require_csrf, require_own_origin
from gateway.adapters.inbound.console.devices import device_tokens, remember_device
from gateway.adapters.inbound.console.next_page import HOME, remember_next
from gateway.adapters.inbound.console.page import (
    HtmlRoute,
    go,
    local_path,
    set_session,
    show,
)
from gateway.adapters.inbound.console.promise import promised_credits
from gateway.adapters.inbound.limited import client_address, client_key, count
from gateway.application.log_in import LogIn
from gateway.application.sign_up import SignUp
from gateway.domain.errors import GatewayError
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
# Longer than any field may be: the services say what is wrong with the rest.
Text = Annotated[str, Form(max_length=2_000)]


@router.get("/signup")
async def sign_up_page(
    request: Request,
    deps: CurrentDeps,
    session: CurrentSession,
    next: str = HOME,  # noqa: A002
) -> Response:
    """Show the form."""
    if session is not None:
        return go(local_path(next, otherwise=HOME))
    return await show(
        request,
        "signup.html",
        next=local_path(next, otherwise=HOME),
        email="",
        full_name="",
        welcome=await promised_credits(deps),
    )


@router.post("/signup")
async def sign_up(
    request: Request,
    deps: CurrentDeps,
    email: Text = "",
    password: Text = "",
    full_name: Text = "",
    next: Text = HOME,  # noqa: A002
) -> Response:
    """Open an account and a session."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        opened = await deps.sign_up(
            SignUp(
                email=email, password=password, full_name=full_name, client_address=client_address(request)
            )
        )
    except GatewayError as refusal:
        return await show(
            request,
            "signup.html",
            refusal=refusal,
            next=local_path(next, otherwise=HOME),
            email=email,
            full_name=full_name,
            welcome=await promised_credits(deps),
        )
    response = go(local_path(next, otherwise=HOME))
    set_session(response, deps, opened.cookie)
    remember_device(request, response, deps, opened.device_token)
    # For after the mail that confirms the address.
    remember_next(response, deps, next)
    return response


@router.get("/login")
async def log_in_page(request: Request, session: CurrentSession, next: str = HOME) -> Response:  # noqa: A002
    """Show the form."""
    if session is not None:
        return go(local_path(next, otherwise=HOME))
    return await show(request, "login.html", next=local_path(next, otherwise=HOME), email="")


@router.post("/login")
async def log_in(
    request: Request,
    deps: CurrentDeps,
    email: Text = "",
    password: Text = "",
    next: Text = HOME,  # noqa: A002
) -> Response:
    """Open a session and go back to where the person wanted to be."""
    require_own_origin(request, deps)
    try:
        await count(request, deps.limits, Limit.AUTH, client_key(request))
        opened = await deps.log_in(
            LogIn(
                email=email,
                password=password,
                client_address=client_address(request),
                device_tokens=device_tokens(request, deps),
            )
        )
    except GatewayError as refusal:
        return await show(
            request,
            "login.html",
            refusal=refusal,
            next=local_path(next, otherwise=HOME),
            email=email,
        )
    response = go(local_path(next, otherwise=HOME))
    set_session(response, deps, opened.cookie)
    remember_device(request, response, deps, opened.device_token)
    return response


@router.post("/logout")
async def log_out(request: Request, deps: CurrentDeps, session: CurrentSession) -> Response:
    """End the session."""
    if session is not None:
        await require_csrf(request, deps, session)
        await deps.log_out(request.cookies[deps.web.cookie_name])
    response = go("/login", note="signed-out")
    response.delete_cookie(deps.web.cookie_name, path="/")
    return response
