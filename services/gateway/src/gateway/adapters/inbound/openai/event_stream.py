"""What is told as server-sent events while it is made."""

import json
from asyncio import Future
from collections.abc import AsyncIterator
from typing import Any, Protocol, Self

from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.openai.media import tell_start
from gateway.domain.generation import Document, Generation

SSE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Running(Protocol):
    """What has begun, for somebody who listens."""

    @property
    def accepted(self) -> Generation:
        """The job, as it began."""
        ...

    @property
    def credits_left(self) -> "Future[int | None]":
        """What its account has left, where the ledger says so."""
        ...

    async def close(self) -> None:
        """Stop it, where it has not ended."""
        ...


class EventStream(StreamingResponse):
    """Sends what is told of it; closes it however that ends, also where nothing of it was read yet."""

    running: Running

    @classmethod
    async def of(cls, running: Running, events: AsyncIterator[str]) -> Self:
        """Return the answer, with what can be said at its beginning."""
        answer = cls(events, media_type=SSE, headers=_HEADERS)
        answer.running = running
        try:
            tell_start(answer, running.accepted, await running.credits_left)
        except BaseException:
            await running.close()
            raise
        return answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.running.close()


def data(document: Document, *, event: str | None = None) -> str:
    """Return an event, by its name where it has one."""
    named = f"event: {event}\n" if event else ""
    return f"{named}data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n"


def comment() -> str:
    """Return what says that somebody is still there."""
    return ": waiting\n\n"
