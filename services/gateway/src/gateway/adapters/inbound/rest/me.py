"""The caller's own profile."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.user import User
from gateway.adapters.inbound.rest.bodies import Body, Url
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/me", tags=["account"], route_class=JsonRoute)


class Profile(Body):
    """What to change; a field that is left out stays as it is."""

    full_name: Annotated[str | None, Field(max_length=200, examples=["Ada Lovelace"])] = None
    """What to be called."""
    avatar_url: Url | None = None
    """A picture; null takes it away."""


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
