"""The caller's own profile."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.fresh_proof import FRESH_PROOF
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.session import Accepted
from gateway.adapters.inbound.rest.answers.user import User
from gateway.adapters.inbound.rest.bodies import Body, Email, Password, Url
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/me", tags=["account"], route_class=JsonRoute)


class Profile(Body):
    """What to change; a field that is left out stays as it is."""

    full_name: Annotated[str | None, Field(max_length=200, examples=["Ada Lovelace"])] = None
    """What to be called."""
    avatar_url: Url | None = None
    """A picture that is elsewhere, in the place of one that was sent in; null takes the address away."""


class NewEmail(Body):
    """Another address, and the proof that it is the person who asks."""

    email: Email
    password: Password


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("USER_NOT_FOUND",)}))
async def read_me(principal: CurrentPrincipal, deps: CurrentDeps) -> User:
    """Read the profile."""
    return User.of(await deps.identity.user(principal.user_id))


@router.patch("", dependencies=[per_user(Limit.CHANGES)], responses=refuses({404: ("USER_NOT_FOUND",)}))
async def change_me(body: Profile, principal: CurrentPrincipal, deps: CurrentDeps) -> User:
    """Change the profile."""
    avatar_url = body.avatar_url
    if avatar_url is None and "avatar_url" in body.model_fields_set:
        avatar_url = ""
    return User.of(
        await deps.identity.update_profile(principal.user_id, full_name=body.full_name, avatar_url=avatar_url)
    )


@router.delete(
    "",
    status_code=202,
    dependencies=[per_user(Limit.CHANGES), FRESH_PROOF],
    responses=refuses({404: ("USER_NOT_FOUND",), 409: ("STILL_ADMINISTRATOR",)}),
)
async def delete_me(principal: CurrentPrincipal, deps: CurrentDeps) -> User:
    """Delete the account, with everything in it, from `erased_from` of the answer on.

    Until then it can be taken back, and credits can be used up; nothing new is sold and no keys are made.
    Asked for again, the first day stays. A mail says so too. An administrator gives that role up first.
    """
    return User.of(await deps.identity.request_erasure(principal.user_id))


@router.post("/keep", dependencies=[per_user(Limit.CHANGES)], responses=refuses({404: ("USER_NOT_FOUND",)}))
async def keep_me(principal: CurrentPrincipal, deps: CurrentDeps) -> User:
    """Keep an account that was to be deleted; one that stays anyway is no error."""
    return User.of(await deps.identity.take_back_erasure(principal.user_id))


@router.post(
    "/email",
    status_code=202,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(
        {
            403: ("USER_DISABLED",),
            404: ("USER_NOT_FOUND",),
            422: ("WRONG_PASSWORD", "INVALID_EMAIL"),
            429: ("TOO_MANY_ATTEMPTS", "TOO_BUSY"),
            503: ("THROTTLE_UNAVAILABLE",),
        }
    ),
)
async def ask_for_email_change(
    body: NewEmail, request: Request, principal: CurrentPrincipal, deps: CurrentDeps
) -> Accepted:
    """Mail a link to another address, and to the old one a link by which it is kept.

    Nothing changes until the first one is followed. The answer is the same where another account has the
    address.
    """
    await deps.identity.request_email_change(
        principal.user_id,
        email=body.email,
        password=body.password,
        client_address=client_address(request),
    )
    return Accepted()
