"""A person's picture as an answer: theirs alone, and asked for again only where it is another."""

from fastapi import Request
from fastapi.responses import Response

from gateway.adapters.inbound.conditional import is_known
from gateway.domain.avatar import Avatar

MEDIA_TYPE = "image/webp"
# For whoever asks by an address that names no version.
ASKED_AGAIN = "private, no-cache"
# The address of a page names the version: another picture has another address.
KEPT = "private, max-age=3600"


def avatar_answer(request: Request, avatar: Avatar, *, caching: str) -> Response:
    """Return the picture, or 304 to whoever has it."""
    tag = f'"{avatar.version}"'
    headers = {"ETag": tag, "Cache-Control": caching, "Vary": "Authorization, Cookie"}
    if is_known(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(avatar.picture, media_type=MEDIA_TYPE, headers=headers)
