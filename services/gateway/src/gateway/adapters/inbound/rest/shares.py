"""Links to generations: make, list, withdraw."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.problems import SHARED
from gateway.adapters.inbound.rest.answers.share import NewShare, Share, ShareList
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.parameters import GenerationPath, generation_id
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain.identifiers import ShareId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/generations/{generation}/shares", tags=["generations"], route_class=JsonRoute)

_ID_LENGTH_MAX = 64
_NOT_FOUND: Reasons = {404: ("NOT_FOUND",), 503: ("STORAGE_UNAVAILABLE",)}
SharePath = Annotated[
    str, Path(description="A link's id.", examples=["shr_019324a1b2c37def8a9b0c1d2e3f4a61"])
]


class ShareBody(Body):
    """How long a link works, and what it shows."""

    expires_in_s: Annotated[Literal[3600, 86400, 604800, 2592000], Field(examples=[604800])]
    """An hour, a day, a week or thirty days."""
    shows_prompt: Annotated[bool, Field(examples=[False])] = False
    """Whether whoever has the link reads the prompt too."""


@router.post(
    "",
    status_code=201,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_NOT_FOUND, 409: ("NOTHING_TO_SHARE", "TOO_MANY_SHARES")}),
)
async def create_share(
    generation: GenerationPath, body: ShareBody, principal: CurrentPrincipal, deps: CurrentDeps
) -> NewShare:
    """Make a link by which whoever has it sees what came out; each call makes another."""
    share, token = await deps.shares.create_share(
        principal.user_id,
        generation_id(generation),
        lifetime_s=body.expires_in_s,
        shows_prompt=body.shows_prompt,
    )
    return NewShare.made(share, f"{deps.web.public_url}{SHARED}{token}")


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses(_NOT_FOUND))
async def list_shares(
    generation: GenerationPath, principal: CurrentPrincipal, deps: CurrentDeps
) -> ShareList:
    """List the links that work, newest first."""
    shares = await deps.shares.shares_of(principal.user_id, generation_id(generation))
    return ShareList.of(shares, Share.of)


@router.delete(
    "/{share}", status_code=204, dependencies=[per_user(Limit.CHANGES)], responses=refuses(_NOT_FOUND)
)
async def withdraw_share(
    generation: GenerationPath, share: SharePath, principal: CurrentPrincipal, deps: CurrentDeps
) -> Response:
    """End a link at once; one that ended before, or never was, is no error."""
    await deps.shares.withdraw_share(
        principal.user_id, generation_id(generation), ShareId(share[:_ID_LENGTH_MAX])
    )
    return Response(status_code=204)
