"""The caller's own picture: send it in, read it, take it away."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.avatars import ASKED_AGAIN, MEDIA_TYPE, avatar_answer
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.user import User
from gateway.adapters.inbound.rest.file_body import described_body, file_of
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/me/avatar", tags=["account"], route_class=JsonRoute)

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "A WebP of 256 by 256 pixels.",
                },
                "example": "the picture's bytes",
            }
        },
    },
    304: {"description": "It is the one that `If-None-Match` names."},
}


@router.put(
    "",
    dependencies=[per_user(Limit.UPLOADS)],
    responses=refuses(
        {
            400: ("MALFORMED_MULTIPART", "UPLOAD_BROKEN_OFF"),
            404: ("USER_NOT_FOUND",),
            413: ("UPLOAD_TOO_LARGE",),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            422: ("UNUSABLE_MEDIA",),
            429: ("TOO_MANY_UPLOADS",),
            503: ("STORAGE_UNAVAILABLE",),
        }
    ),
    # Alone: a generator writes no client for two kinds of a body without parameters beside.
    openapi_extra=described_body("A PNG, JPEG or WebP of at most 5 MiB.", as_form=False),
)
async def set_avatar(request: Request, principal: CurrentPrincipal, deps: CurrentDeps) -> User:
    """Send a picture of oneself, in the place of the one that there was and of `avatar_url`.

    A square of its middle is drawn anew, upright, 256 by 256 pixels, without its metadata; nothing else is
    kept. Pictures that move (GIF, animated PNG and WebP), SVG and everything else are refused, whatever they
    are said to be; the picture of before stays then.
    """
    return User.of(await deps.set_avatar(principal.user_id, file_of(request)))


@router.get(
    "",
    dependencies=[per_user(Limit.READS)],
    response_class=Response,
    responses={**refuses({404: ("AVATAR_NOT_FOUND",)}), **_PICTURE},
)
async def read_avatar(request: Request, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Download the picture that was sent in."""
    return avatar_answer(request, await deps.identity.avatar(principal.user_id), caching=ASKED_AGAIN)


@router.delete(
    "",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({404: ("USER_NOT_FOUND",)}),
)
async def remove_avatar(principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Delete the picture that was sent in; without one nothing happens."""
    await deps.identity.remove_avatar(principal.user_id)
    return Response(status_code=204)
