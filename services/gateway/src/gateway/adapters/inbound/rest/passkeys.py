"""Passkeys: signing in with one, and the caller's own."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.client import client_of
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_address, per_user
from gateway.adapters.inbound.rest.answers.passkey import Passkey, PasskeyCreation, PasskeyRequest, Passkeys
from gateway.adapters.inbound.rest.answers.session import Session
from gateway.adapters.inbound.rest.bodies import Body, NewPasskeyAnswer, PasskeyAnswer
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import PASSKEY_ANSWERS, PASSKEY_USES, Reasons, refuses
from gateway.domain.identifiers import PasskeyId
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=JsonRoute)
_ID_LENGTH_MAX = 64
PasskeyPath = Annotated[
    str, Path(description="A passkey's id.", examples=["psk_019324a1b2c37def8a9b0c1d2e3f4a67"])
]
Name = Annotated[str, Field(min_length=1, max_length=64, examples=["Ada's phone"])]
_BUSY: Reasons = {429: ("TOO_MANY_ATTEMPTS",), 503: ("THROTTLE_UNAVAILABLE",)}


class Asking(Body):
    """Who signs in: whoever has a passkey, or whose sign-in waits."""

    challenge: (
        Annotated[str, Field(min_length=1, max_length=256, examples=["Yk3vEjRWeJq83v8TVnearA"])] | None
    ) = None
    """As `SECOND_FACTOR_REQUIRED` told it, to answer that with a passkey in place of a code."""


class Use(Body):
    """A use of a passkey."""

    passkey: PasskeyAnswer


class NewPasskey(Body):
    """What the browser made, and what to call it."""

    name: Name
    """One to 64 printable characters, for the caller alone."""
    passkey: NewPasskeyAnswer


class Renaming(Body):
    """Another name."""

    name: Name
    """One to 64 printable characters, for the caller alone."""


@router.post(
    "/v1/auth/passkey/options",
    tags=["auth"],
    dependencies=[per_address(Limit.AUTH)],
    responses=refuses(
        {401: ("CHALLENGE_ENDED",), 404: ("PASSKEY_NOT_FOUND",), 409: ("PASSKEYS_UNAVAILABLE",)}
    ),
)
async def ask_for_passkey(body: Asking, deps: CurrentDeps) -> PasskeyRequest:
    """Say what to ask a browser for, so that whoever has a passkey signs in without saying who they are.

    With a `challenge` of `POST /v1/auth/login`, for `POST /v1/auth/login/second-factor`.
    """
    return PasskeyRequest(public_key=dict(await deps.passkeys.sign_in_options(challenge=body.challenge)))


@router.post(
    "/v1/auth/passkey",
    tags=["auth"],
    dependencies=[per_address(Limit.AUTH)],
    responses=refuses({**_BUSY, **PASSKEY_USES}),
)
async def sign_in_with_passkey(body: Use, request: Request, deps: CurrentDeps) -> Session:
    """Open a session with a passkey alone; it is asked for no second factor, being two."""
    return Session.of(await deps.passkeys.sign_in(body.passkey, client_of(request)))


@router.get(
    "/v1/me/passkeys",
    tags=["account"],
    dependencies=[per_user(Limit.READS)],
    responses=refuses({404: ("USER_NOT_FOUND",)}),
)
async def list_passkeys(principal: CurrentPrincipal, deps: CurrentDeps) -> Passkeys:
    """Say which passkeys open the caller's account."""
    return Passkeys.of(await deps.passkeys.of_user(principal.user_id))


@router.post(
    "/v1/me/passkeys/options",
    tags=["account"],
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses(
        {
            403: ("USER_DISABLED",),
            404: ("USER_NOT_FOUND",),
            409: (
                "PASSKEYS_UNAVAILABLE",
                "PASSKEY_QUOTA_REACHED",
                "ACCOUNT_LEAVING",
                "EMAIL_NOT_CONFIRMED",
            ),
        }
    ),
)
async def ask_for_new_passkey(principal: CurrentPrincipal, deps: CurrentDeps) -> PasskeyCreation:
    """Say what to ask a browser for, for a new passkey.

    It takes a sign-in or a step-up (`POST /v1/auth/step-up`) within the last ten minutes.
    """
    return PasskeyCreation(public_key=dict(await deps.passkeys.new_options(principal.user_id)))


@router.post(
    "/v1/me/passkeys",
    tags=["account"],
    status_code=201,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses(
        {
            **PASSKEY_ANSWERS,
            403: ("USER_DISABLED",),
            404: ("USER_NOT_FOUND",),
            409: (
                "PASSKEYS_UNAVAILABLE",
                "PASSKEY_QUOTA_REACHED",
                "PASSKEY_EXISTS",
                "ACCOUNT_LEAVING",
                "EMAIL_NOT_CONFIRMED",
            ),
            422: (*PASSKEY_ANSWERS[422], "INVALID_FIELD"),
        }
    ),
)
async def create_passkey(body: NewPasskey, principal: CurrentPrincipal, deps: CurrentDeps) -> Passkey:
    """Let a new passkey open the caller's account from now on, which a mail tells of.

    It takes a sign-in or a step-up (`POST /v1/auth/step-up`) within the last ten minutes.
    """
    return Passkey.of(await deps.passkeys.add(body.passkey, user_id=principal.user_id, name=body.name))


@router.patch(
    "/v1/me/passkeys/{passkey}",
    tags=["account"],
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: ("USER_NOT_FOUND", "PASSKEY_NOT_FOUND"), 422: ("INVALID_FIELD",)}),
)
async def update_passkey(
    passkey: PasskeyPath, body: Renaming, principal: CurrentPrincipal, deps: CurrentDeps
) -> Passkey:
    """Call a passkey something else."""
    passkey_id = PasskeyId(passkey[:_ID_LENGTH_MAX])
    return Passkey.of(await deps.passkeys.rename(principal.user_id, passkey_id, body.name))


@router.delete(
    "/v1/me/passkeys/{passkey}",
    tags=["account"],
    status_code=204,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses({404: ("USER_NOT_FOUND", "PASSKEY_NOT_FOUND"), 409: ("LAST_WAY_TO_SIGN_IN",)}),
)
async def delete_passkey(passkey: PasskeyPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Let a passkey open the account no longer, which a mail tells of; never the last way in.

    It takes a sign-in or a step-up (`POST /v1/auth/step-up`) within the last ten minutes.
    """
    await deps.passkeys.remove(principal.user_id, PasskeyId(passkey[:_ID_LENGTH_MAX]))
    return Response(status_code=204)
