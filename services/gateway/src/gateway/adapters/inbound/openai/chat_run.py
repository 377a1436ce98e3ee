"""A chat for OpenAI's clients: begun with one model or the next, and told as it comes."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request

from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.left import unless_left
from gateway.adapters.inbound.openai.media import available, keyed
from gateway.adapters.inbound.rest.reasons import Reasons
from gateway.application.run_generation import CONTENT_REFUSED
from gateway.domain.chat import ChatAccepted, ChatChunk, ChatEnded, ChatEvent, NewChat
from gateway.domain.errors import (
    Conflict,
    FieldProblem,
    GatewayError,
    GenerationFailed,
    InvalidRequest,
    NotFound,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from gateway.domain.generation import Document, Failure, Generation, GenerationStatus
from gateway.domain.user import Principal

HEARTBEAT_S = 15.0
HEARTBEAT: Literal["heartbeat"] = "heartbeat"
CHATS: Reasons = {
    400: ("INVALID_INPUT", "CONTENT_REFUSED"),
    402: ("INSUFFICIENT_CREDITS",),
    403: ("ENTITLEMENT_REQUIRED", "MODEL_NOT_ALLOWED", "KEY_LIMIT_REACHED", "ACCOUNT_ERASED"),
    404: ("UNKNOWN_MODEL",),
    409: ("GENERATION_CANCELLED", "GENERATION_RUNNING", "ANSWER_NOT_KEPT"),
    429: ("LEDGER_OVERLOADED", "STORAGE_BUSY", "TOO_MANY_STREAMS"),
    502: ("GENERATION_FAILED",),
    503: ("LEDGER_UNAVAILABLE", "STORAGE_UNAVAILABLE", "CHATS_NOT_OFFERED"),
}
_MAY_BE_ANOTHERS = (Unavailable, TimedOut, GenerationFailed, NotFound, RateLimited)
Told = Sequence[Document] | Literal["heartbeat"] | ChatEnded


@dataclass(frozen=True, kw_only=True)
class WantedChat:
    """What a request asks for: the models to ask, in order, and the chat without model and stream."""

    models: Sequence[str]
    chat: Mapping[str, Any]
    is_streamed: bool
    metadata: Document
    provider_order: tuple[str, ...] = ()


class Chat:
    """A chat that has begun; its events are read once."""

    def __init__(
        self,
        name: str,
        accepted: Generation,
        events: AsyncGenerator[ChatEvent, None],
        credits_left: Coroutine[Any, Any, int | None],
    ) -> None:
        self.name = name
        """What the client calls the model."""
        self.accepted = accepted
        # Asked for beside the chat: the first word waits for it no longer than for the provider.
        self.credits_left = asyncio.ensure_future(credits_left)
        self._events = events
        self._next = asyncio.ensure_future(anext(events, None))

    async def first(self, wait_s: float) -> None:
        """Wait for what comes first. Raises as `told` where that is its end already."""
        await asyncio.wait({self._next}, timeout=wait_s)
        if not self._next.done():
            return
        event = self._next.result()
        if event is None or isinstance(event, ChatEnded):
            _require_answer(event)
            if self.accepted.status.is_final:
                raise Conflict("The answer is not kept any more.", reason="ANSWER_NOT_KEPT")

    async def told(self) -> AsyncGenerator[Told, None]:
        """Deliver chunks as they come, together what came together, heartbeats while none does, and the end.

        Raises GenerationFailed and InvalidRequest (CONTENT_REFUSED) where nothing came or less than should
        have, Conflict where it was cancelled, Unauthenticated once the proof has ended that asked.
        """
        try:
            while True:
                await asyncio.wait({self._next}, timeout=HEARTBEAT_S)
                if not self._next.done():
                    yield HEARTBEAT
                    continue
                event = self._next.result()
                if isinstance(event, ChatChunk):
                    good, refusal = self._ours(event)
                    if good:
                        yield good
                    if refusal is not None:
                        raise refusal
                    # Not before the one before was taken: nothing is kept in between.
                    self._next = asyncio.ensure_future(anext(self._events, None))
                    continue
                ended = _require_answer(event)
                yield ended
                return
        finally:
            await self.close()

    async def close(self) -> None:
        """Stop it, where it has not ended."""
        self._next.cancel()
        self.credits_left.cancel()
        await asyncio.wait({self._next, self.credits_left})
        await self._events.aclose()

    def _ours(self, chunk: ChatChunk) -> tuple[Sequence[Document], GatewayError | None]:
        """Return what makes sense of it, and the refusal of what comes first that does not."""
        good: list[Document] = []
        for content in (chunk.content, *chunk.further):
            try:
                told = json.loads(content)
            except (ValueError, RecursionError):
                told = None
            choices = told.get("choices") or [] if isinstance(told, dict) else None
            if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
                return good, GenerationFailed("The provider sent what is no answer.")
            ours = {"choices": choices, "id": self.accepted.generation_id, "model": self.name}
            good.append({**told, **ours})
        return good, None


async def begun(
    request: Request, deps: Deps, principal: Principal, key: str | None, wanted: WantedChat
) -> Chat:
    """Begin with the first model that is there and takes it.

    Raises what the last one was refused for; a client that leaves raises ClientDisconnect.
    """
    *others, last = enumerate(wanted.models)
    for place, name in others:
        with suppress(*_MAY_BE_ANOTHERS):
            return await unless_left(request, _begun(deps, principal, _keyed(key, place), wanted, name))
    place, name = last
    return await unless_left(request, _begun(deps, principal, _keyed(key, place), wanted, name))


def _keyed(key: str | None, place: int) -> str | None:
    return keyed(key, place) if key is not None else None


async def _begun(deps: Deps, principal: Principal, key: str | None, wanted: WantedChat, name: str) -> Chat:
    new = NewChat(
        model_id=deps.compatible.model_id(name),
        chat=json.dumps(wanted.chat, ensure_ascii=False, separators=(",", ":")).encode(),
        is_streamed=wanted.is_streamed,
        idempotency_key=key,
        metadata=wanted.metadata,
        provider_order=wanted.provider_order,
        key=principal.key,
    )
    events = deps.run_chat(principal, new)
    try:
        accepted = await anext(events, None)
        if not isinstance(accepted, ChatAccepted):
            raise Unauthenticated("What the request came with is good no longer.", reason="SESSION_ENDED")
        chat = Chat(name, accepted.generation, events, available(deps, accepted.generation))
    except InvalidRequest as refusal:
        raise _in_their_words(refusal) from refusal
    except BaseException:
        await events.aclose()
        raise
    try:
        # What fails at once can still be answered with a status, and asked of the next model.
        await chat.first(HEARTBEAT_S)
    except BaseException:
        await chat.close()
        raise
    return chat


def _require_answer(event: ChatEvent | None) -> ChatEnded:
    """Return the end of a chat whose answer is whole."""
    if not isinstance(event, ChatEnded):
        raise Unauthenticated("What the request came with is good no longer.", reason="SESSION_ENDED")
    if event.generation.status is GenerationStatus.CANCELLED:
        raise Conflict(f"{event.generation.generation_id} was cancelled.", reason="GENERATION_CANCELLED")
    if (failure := event.generation.failure or event.broken_off) is not None:
        raise _refusal(failure)
    return event


def _refusal(failure: Failure) -> GatewayError:
    if failure.reason == CONTENT_REFUSED:
        return InvalidRequest(failure.detail, reason=CONTENT_REFUSED)
    return GenerationFailed(f"{failure.detail} ({failure.reason})")


def _in_their_words(refusal: InvalidRequest) -> InvalidRequest:
    fields = [
        FieldProblem(_name(problem.field), problem.detail.removeprefix(f"{problem.field}: "))
        for problem in refusal.fields
    ]
    return InvalidRequest(refusal.detail, reason=refusal.reason, fields=fields)


def _name(field: str) -> str:
    return "model" if field == "model_id" else field.removeprefix("chat.")
