"""A chat as server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Any, Self

from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.openai.chat_run import Chat
from gateway.adapters.inbound.openai.media import tell_start
from gateway.domain.generation import Document

SSE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class ChatStream(StreamingResponse):
    """Sends what a chat says; stops the chat however it ends, also where nothing of it was read yet."""

    chat: Chat

    @classmethod
    async def of(cls, chat: Chat, events: AsyncIterator[str]) -> Self:
        """Return the answer, with what can be said at its beginning."""
        answer = cls(events, media_type=SSE, headers=_HEADERS)
        answer.chat = chat
        try:
            tell_start(answer, chat.accepted, await chat.credits_left)
        except BaseException:
            await chat.close()
            raise
        return answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.chat.close()


def data(document: Document, *, event: str | None = None) -> str:
    """Return an event, by its name where it has one."""
    named = f"event: {event}\n" if event else ""
    return f"{named}data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n"


def comment() -> str:
    """Return what says that somebody is still there."""
    return ": waiting\n\n"
