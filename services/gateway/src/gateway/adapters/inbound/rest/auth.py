"""Sign-up, login and the tokens' life."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.client import client_address, client_of
from gateway.adapters.inbound.limited import per_address
from gateway.adapters.inbound.rest.answers.passkey import PasskeyRequest
from gateway.adapters.inbound.rest.answers.session import Accepted, Session
from gateway.adapters.inbound.rest.answers.user import VerifiedUser
from gateway.adapters.inbound.rest.bodies import Body, Code, Email, PasskeyAnswer, Password, Token
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import PASSKEY_USES, Reasons, refuses
from gateway.domain.identifiers import SessionId
from gateway.ports.rate_limits import Limit

router = APIRouter(
    prefix="/v1/auth", tags=["auth"], route_class=JsonRoute, dependencies=[per_address(Limit.AUTH)]
)

_BUSY: Reasons = {429: ("TOO_MANY_ATTEMPTS", "TOO_BUSY"), 503: ("THROTTLE_UNAVAILABLE",)}
_SIGN_UP: Reasons = {
    **_BUSY,
    403: ("SIGN_UP_CLOSED", "INVITATION_REQUIRED"),
    409: ("EMAIL_TAKEN",),
    422: ("INVALID_EMAIL", "WEAK_PASSWORD", "EMAIL_DOMAIN_NOT_ALLOWED", "CAPTCHA_FAILED"),
    503: (*_BUSY[503], "CAPTCHA_UNAVAILABLE"),
}
_LOG_IN: Reasons = {
    **_BUSY,
    401: ("INVALID_CREDENTIALS", "SECOND_FACTOR_REQUIRED"),
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
    invitation: Token | None = None
    """The token of the mail that invited the address; it confirms the address, too."""
    captcha_token: (
        Annotated[str, Field(max_length=2048, examples=["0.zrSnRHO7h0HwSjSCU8oyzbjEtD8p"])] | None
    ) = None
    """What the widget gave, where `GET /v1/auth/options` names one."""


class LogIn(Body):
    """Credentials."""

    email: Email
    password: Password
    device_token: Annotated[str, Field(max_length=2048)] | None = None
    """What an earlier log-in on this device gave."""


class SecondStep(Body):
    """What a sign-in that waits is ended with."""

    challenge: Annotated[str, Field(min_length=1, max_length=256, examples=["Yk3vEjRWeJq83v8TVnearA"])]
    """As the refusal of the first step told it."""
    code: Code | None = None
    """Of an authenticator app, or a recovery code."""
    passkey: PasskeyAnswer | None = None
    """In a code's place: what a browser answered to `POST /v1/auth/passkey/options` with this challenge."""


class Proof(Body):
    """One of the three."""

    password: Password | None = None
    """The account's."""
    code: Code | None = None
    """Of an authenticator app, or a recovery code; the password is not looked at then."""
    passkey: PasskeyAnswer | None = None
    """What a browser answered to `POST /v1/auth/step-up/options`; nothing else is looked at then."""


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
            client=client_of(request),
            invitation=body.invitation,
            captcha_token=body.captcha_token,
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
            client=client_of(request),
            device_tokens=[body.device_token] if body.device_token else [],
        )
    )


@router.post(
    "/login/second-factor",
    responses=refuses(
        {**_BUSY, **PASSKEY_USES, 401: ("CHALLENGE_ENDED",), 422: ("WRONG_CODE", *PASSKEY_USES[422])}
    ),
)
async def complete_log_in(body: SecondStep, request: Request, deps: CurrentDeps) -> Session:
    """End a sign-in that was refused with `SECOND_FACTOR_REQUIRED`, within five minutes and five tries."""
    if body.passkey is not None:
        return Session.of(
            await deps.passkeys.complete_log_in(
                body.passkey, challenge=body.challenge, client=client_of(request)
            )
        )
    return Session.of(
        await deps.identity.complete_log_in(
            challenge=body.challenge, code=body.code or "", client=client_of(request)
        )
    )


@router.post("/refresh", responses=refuses(_REFRESH))
async def refresh_session(body: Refresh, request: Request, deps: CurrentDeps) -> Session:
    """Trade a refresh token for a new pair; using one twice ends its session."""
    return Session.of(await deps.identity.refresh(body.refresh_token, client_of(request)))


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


@router.post(
    "/email/change",
    status_code=204,
    responses=refuses({403: ("USER_DISABLED",), 409: ("EMAIL_TAKEN",), 422: ("INVALID_TOKEN",)}),
)
async def change_email(body: Verification, deps: CurrentDeps) -> Response:
    """Make an address the account's with the token that was mailed there; sessions stay."""
    await deps.identity.change_email(body.token)
    return Response(status_code=204)


@router.post(
    "/email/keep", status_code=204, responses=refuses({409: ("EMAIL_TAKEN",), 422: ("INVALID_TOKEN",)})
)
async def keep_email(body: Verification, deps: CurrentDeps) -> Response:
    """Take a change of the address back, or keep it from happening; ends every session."""
    await deps.identity.keep_email(body.token)
    return Response(status_code=204)


@router.post(
    "/step-up",
    status_code=204,
    responses=refuses(
        {
            **_BUSY,
            **PASSKEY_USES,
            404: ("USER_NOT_FOUND", "SESSION_NOT_FOUND"),
            422: ("WRONG_PASSWORD", "WRONG_CODE", *PASSKEY_USES[422]),
        }
    ),
)
async def step_up(body: Proof, request: Request, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Prove once more who is there: with the password, a code or a passkey; for ten minutes."""
    session_id = principal.session_id or SessionId("")
    if body.passkey is not None:
        await deps.passkeys.step_up(
            body.passkey,
            user_id=principal.user_id,
            session_id=session_id,
            client_address=client_address(request),
        )
        return Response(status_code=204)
    await deps.identity.step_up(
        principal.user_id,
        session_id,
        password=body.password,
        code=body.code,
        client_address=client_address(request),
    )
    return Response(status_code=204)


@router.post(
    "/step-up/options",
    responses=refuses({404: ("USER_NOT_FOUND", "PASSKEY_NOT_FOUND"), 409: ("PASSKEYS_UNAVAILABLE",)}),
)
async def ask_for_proof(principal: CurrentPrincipal, deps: CurrentDeps) -> PasskeyRequest:
    """Say what to ask a browser for, to prove with a passkey who is there."""
    return PasskeyRequest(public_key=dict(await deps.passkeys.step_up_options(principal.user_id)))


@router.post("/email/resend", status_code=202, responses=refuses({**_MAIL, 404: ("USER_NOT_FOUND",)}))
async def resend_verification(request: Request, principal: CurrentPrincipal, deps: CurrentDeps) -> Accepted:
    """Mail the link that confirms the caller's address again; nothing when it is confirmed."""
    await deps.identity.request_verification(principal.user_id, client_address=client_address(request))
    return Accepted()
