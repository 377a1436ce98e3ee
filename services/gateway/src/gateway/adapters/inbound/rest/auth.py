"""Sign-up, login and the tokens' life."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import client_address, per_address
from gateway.adapters.inbound.rest.answers.session import Accepted, Session
from gateway.adapters.inbound.rest.answers.user import VerifiedUser
from gateway.adapters.inbound.rest.bodies import Body, Email, Password, Token
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(
    prefix="/v1/auth", tags=["auth"], route_class=JsonRoute, dependencies=[per_address(Limit.AUTH)]
)

_BUSY: Reasons = {429: ("TOO_MANY_ATTEMPTS", "TOO_BUSY"), 503: ("THROTTLE_UNAVAILABLE",)}
_SIGN_UP: Reasons = {**_BUSY, 409: ("EMAIL_TAKEN",), 422: ("INVALID_EMAIL", "WEAK_PASSWORD")}
_LOG_IN: Reasons = {
    **_BUSY,
    401: ("INVALID_CREDENTIALS",),
    403: ("USER_DISABLED",),
    422: ("INVALID_EMAIL",),
}
_REFRESH: Reasons = {
    401: ("INVALID_REFRESH_TOKEN", "REFRESH_TOKEN_REUSED", "SESSION_ENDED"),
    403: ("USER_DISABLED",),
}
_MAIL: Reasons = {**_BUSY, 422: ("INVALID_EMAIL",)}
_RESET: Reasons = {**_BUSY, 422: ("INVALID_TOKEN", "WEAK_PASSWORD")}


class SignUp(Body):
    """A new account."""

    email: Email
    password: Password
    full_name: Annotated[str, Field(max_length=200, examples=["Ada Lovelace"])] = ""
    """What to be called."""


class LogIn(Body):
    """Credentials."""

    email: Email
    password: Password
    device_token: Annotated[str, Field(max_length=2048)] | None = None
    """What an earlier log-in on this device gave."""


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


@router.post("/signup", status_code=201, responses=refuses(_SIGN_UP))
async def sign_up(body: SignUp, request: Request, deps: CurrentDeps) -> Session:
    """Open an account and a session."""
    return Session.of(
        await deps.identity.sign_up(
            email=body.email,
            password=body.password,
            full_name=body.full_name,
            client_address=client_address(request),
        )
    )


@router.post("/login", responses=refuses(_LOG_IN))
async def log_in(body: LogIn, request: Request, deps: CurrentDeps) -> Session:
    """Open a session.

    A client that keeps `device_token` and sends it again is counted apart from strangers who guess.
    """
    return Session.of(
        await deps.identity.log_in(
            email=body.email,
            password=body.password,
            client_address=client_address(request),
            device_tokens=[body.device_token] if body.device_token else [],
        )
    )


@router.post("/refresh", responses=refuses(_REFRESH))
async def refresh_session(body: Refresh, deps: CurrentDeps) -> Session:
    """Trade a refresh token for a new pair; using one twice ends its session."""
    return Session.of(await deps.identity.refresh(body.refresh_token))


@router.post("/logout", status_code=204)
async def log_out(body: Refresh, deps: CurrentDeps) -> Response:
    """End the session of a refresh token."""
    await deps.identity.log_out(body.refresh_token)
    return Response(status_code=204)


@router.post("/password/forgot", status_code=202, responses=refuses(_MAIL))
async def request_password_reset(body: Forgotten, request: Request, deps: CurrentDeps) -> Accepted:
    """Mail a link to set a new password; answers the same whether the account exists or not."""
    await deps.identity.request_password_reset(email=body.email, client_address=client_address(request))
    return Accepted()


@router.post("/password/reset", status_code=204, responses=refuses(_RESET))
async def reset_password(body: Reset, deps: CurrentDeps) -> Response:
    """Set a new password with a mailed token; ends every session."""
    await deps.identity.reset_password(token=body.token, new_password=body.new_password)
    return Response(status_code=204)


@router.post("/email/verify", responses=refuses({422: ("INVALID_TOKEN",)}))
async def verify_email(body: Verification, deps: CurrentDeps) -> VerifiedUser:
    """Confirm an address with a mailed token."""
    return VerifiedUser.of(await deps.identity.verify_email(body.token))


@router.post("/email/resend", status_code=202, responses=refuses({**_MAIL, 404: ("USER_NOT_FOUND",)}))
async def resend_verification(request: Request, principal: CurrentPrincipal, deps: CurrentDeps) -> Accepted:
    """Mail the link that confirms the caller's address again; nothing when it is confirmed."""
    await deps.identity.request_verification(principal.user_id, client_address=client_address(request))
    return Accepted()
