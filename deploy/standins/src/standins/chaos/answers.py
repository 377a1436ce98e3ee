"""Answers that are none, whatever the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from standins.chaos.troubles import Trouble

HANG_S = 3_600.0
RETRY_AFTER_S = 1
STATUSES = {Trouble.RATE_LIMITED: 429, Trouble.ERROR: 500, Trouble.BUSY: 503, Trouble.UNPAID: 402}
PAGE = "<!doctype html><title>Be right back</title><p>We are looking into it.</p>"

# Renders an error of this status as the provider does, with `Retry-After` where there is one.
Renders = Callable[[int, int | None], Response]


async def misbehave(trouble: Trouble, renders: Renders) -> Response:
    """Answer as the trouble says, or never."""
    if trouble is Trouble.HANG:
        await asyncio.sleep(HANG_S)
    if trouble is Trouble.PAGE:
        return HTMLResponse(PAGE)
    status = STATUSES.get(trouble, 500)
    return renders(status, RETRY_AFTER_S if status in (429, 503) else None)


class NoAnswer(Response):
    """Drops the connection: the work may be done, and nobody is told."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Promise a body and send none: the server closes the connection.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"", "more_body": True})


async def lose(work: Awaitable[object]) -> Response:
    """Do the work and say nothing of it."""
    await work
    return NoAnswer()
