"""What the applications of stand-ins of media providers have in common."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from standins.chaos.files import Files
from standins.chaos.troubles import Chaos
from standins.chaos.webhooks import Postman

Work = Callable[[Request], Awaitable[Response]]


class Settings(Protocol):
    """What each of them is told."""

    output_ttl_s: float
    webhook_timeout_s: float
    webhook_retry_delays_s: tuple[float, ...]


def parts_of(settings: Settings) -> tuple[Chaos, Files, Postman]:
    """Return trouble, files and the sender of webhooks."""
    chaos = Chaos()
    delays_s: Sequence[float] = settings.webhook_retry_delays_s
    postman = Postman(chaos, retry_delays_s=delays_s, timeout_s=settings.webhook_timeout_s)
    return chaos, Files(settings.output_ttl_s), postman


def has_key(request: HTTPConnection, key: str, *, schemes: Collection[str] = ("bearer",)) -> bool:
    """Whether a request carries the key, in the words that this provider takes."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() in schemes and secrets.compare_digest(given.encode(), key.encode())


async def healthz(_request: Request) -> Response:
    """Answer whoever waits for the start."""
    return PlainTextResponse("ok\n")
