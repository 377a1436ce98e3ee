"""Sign-up, login and the tokens' life."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import client_address, per_address
from gateway.adapters.inbound.rest import render
from gateway.adapters.inbound.rest.bodies import Body, Email, Password, Token
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.ports.rate_limits import Limit

router = APIRouter(
    prefix="/v1/auth", tags=["auth"], route_class=JsonRoute, dependencies=[per_address(Limit.AUTH)]
)


class SignUp(Body):
    """A new account."""

    email: Email
    password: Password
    full_name: Annotated[str, Field(max_length=200)] = ""


class LogIn(Body):
    """Credentials."""

    email: Email
    password: Password
    device_token: Annotated[str, Field(max_length=2048)] | None = None


class Refresh(Body):
    """A refresh token, to be used once."""

    refresh_token: Token


class Forgotten(Body):
    """Whose password."""

    email: Email


class Reset(Body):
    """A mailed token and a new password."""

    token: Token
    new_password: Password


class Verification(Body):
    """A mailed token."""

    token: Token


@router.post("/signup", status_code=201)
async def sign_up(body: SignUp, request: Request, deps: CurrentDeps) -> render.Json:
    """Open an account and a session."""
    return render.signed_in(
        await deps.identity.sign_up(
            email=body.email,
            password=body.password,
            full_name=body.full_name,
            client_address=client_address(request),
        )
    )


@router.post("/login")
async def log_in(body: LogIn, request: Request, deps: CurrentDeps) -> render.Json:
    """Open a session.

    A client that keeps `device_token` and sends it again is counted apart from strangers who guess.
    """
    return render.signed_in(
        await deps.identity.log_in(
            email=body.email,
            password=body.password,
            client_address=client_address(request),
            device_tokens=[body.device_token] if body.device_token else [],
        )
    )


@router.post("/refresh")
async def refresh(body: Refresh, deps: CurrentDeps) -> render.Json:
    """Trade a refresh token for a new pair; using one twice ends its session."""
    return render.signed_in(await deps.identity.refresh(body.refresh_token))


@router.post("/logout", status_code=204)
async def log_out(body: Refresh, deps: CurrentDeps) -> Response:
    """End the session of a refresh token."""
    await deps.identity.log_out(body.refresh_token)
    return Response(status_code=204)


@router.post("/password/forgot", status_code=202)
async def forgot_password(body: Forgotten, request: Request, deps: CurrentDeps) -> render.Json:
    """Mail a link to set a new password; answers the same whether the account exists or not."""
    await deps.identity.request_password_reset(email=body.email, client_address=client_address(request))
    return {"status": "accepted"}


@router.post("/password/reset", status_code=204)
async def reset_password(body: Reset, deps: CurrentDeps) -> Response:
    """Set a new password with a mailed token; ends every session."""
    await deps.identity.reset_password(token=body.token, new_password=body.new_password)
    return Response(status_code=204)


@router.post("/email/verify")
async def verify_email(body: Verification, deps: CurrentDeps) -> render.Json:
    """Confirm an address with a mailed token."""
    return {"user": render.user(await deps.identity.verify_email(body.token))}


@router.post("/email/resend", status_code=202)
async def resend_verification(
    request: Request, principal: CurrentPrincipal, deps: CurrentDeps
) -> render.Json:
    """Mail the link that confirms the caller's address again; nothing when it is confirmed."""
    await deps.identity.request_verification(principal.user_id, client_address=client_address(request))
    return {"status": "accepted"}
