"""Chats: answered whole, or in chunks as they come."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.left import unless_left
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.openai.bodies import OpenaiBody
from gateway.adapters.inbound.openai.chat_run import CHATS, HEARTBEAT, Chat, WantedChat, begun
from gateway.adapters.inbound.openai.errors import error_body
from gateway.adapters.inbound.openai.event_stream import SSE, EventStream, comment, data
from gateway.adapters.inbound.openai.media import tell_charge
from gateway.adapters.inbound.openai.route import OpenaiRoute
from gateway.adapters.inbound.rest.answers.answer import Answer, shown
from gateway.adapters.inbound.rest.parameters import own_idempotency_key
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.chat import ChatEnded
from gateway.domain.errors import GatewayError
from gateway.domain.generation import Document
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/openai/v1", tags=["openai"], route_class=OpenaiRoute)

_MESSAGES = [{"role": "user", "content": "Say hello."}]
_CHOICES = [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]
_USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


class OpenaiChatBody(OpenaiBody):
    """A chat, as OpenAI's clients send it: whatever is not named here is passed on as it is."""

    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=4_096, examples=[_MESSAGES])]
    """What was said until now; pictures as `image_url`, by their address or in base64."""
    stream: bool | None = None
    """Whether the answer comes in chunks, as server-sent events."""
    metadata: Annotated[dict[str, Any] | None, Field(max_length=50)] = None
    """The caller's own: kept with the generation, and not passed on."""
    provider: dict[str, Any] | None = None
    """`{"order": [...]}`: providers to try, the first one first."""

    def wanted_chat(self) -> WantedChat:
        """Return what is asked of whom."""
        order = (self.provider or {}).get("order", [])
        return WantedChat(
            models=self.wanted(),
            chat={"messages": self.messages, **self.others()},
            is_streamed=bool(self.stream),
            metadata=self.metadata or {},
            provider_order=tuple(name for name in order if isinstance(name, str)),
        )


class OpenaiChatCompletion(Answer):
    """The answer to a chat, as its provider gave it."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, shown("gen_019324a1b2c37def8a9b0c1d2e3f4a5b")]
    """The generation's id."""
    object: Literal["chat.completion"]
    """What kind of thing it is."""
    created: Annotated[int, shown(1769860800)]
    """In seconds since 1970."""
    model: Annotated[str, shown("openai/chat")]
    """As the request named it."""
    choices: Annotated[list[dict[str, Any]], shown(_CHOICES)]
    """The answers."""
    usage: Annotated[dict[str, Any] | None, shown(_USAGE)] = None
    """Tokens."""


_STREAM: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "Each event's data is a chat.completion.chunk, the last one `[DONE]`. What breaks off "
        'ends with `{"error": ...}` instead. Comments keep the connection alive; the last says what it cost.',
    },
    "example": 'data: {"id":"gen_019324a1b2c37def8a9b0c1d2e3f4a5b","object":"chat.completion.chunk",'
    '"choices":[{"index":0,"delta":{"content":"Hello."}}]}\n\ndata: [DONE]\n\n',
}


@router.post(
    "/chat/completions",
    response_model=None,
    dependencies=[per_user(Limit.GENERATIONS)],
    responses={
        **refuses(CHATS),
        200: {
            "model": OpenaiChatCompletion,
            "description": "The answer, whole or in chunks.",
            "content": {SSE: _STREAM},
        },
    },
)
async def create_openai_chat(
    body: OpenaiChatBody,
    request: Request,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str | None, Depends(own_idempotency_key)],
) -> Response:
    """Answer a chat: with text, or with calls of the tools that it names.

    Credits are reserved for the longest answer and charged for the tokens used. A client that leaves stops it
    and pays for what came until then.
    """
    chat = await begun(request, deps, principal, key, body.wanted_chat())
    if body.stream:
        return await EventStream.of(chat, _events(chat))
    document, ended, credits_left = await unless_left(request, whole(chat))
    answer = JSONResponse(document)
    replayed = chat.accepted.status.is_final
    tell_charge(answer, ended.generation, credits_left, replayed=replayed)
    return answer


async def whole(chat: Chat) -> tuple[Document, ChatEnded, int | None]:
    """Return an answer that comes as one chunk, the end, and the credits that are left if anybody knows."""
    document: Document = {}
    async with aclosing(chat.told()) as told:
        async for part in told:
            if isinstance(part, ChatEnded):
                return document, part, await chat.credits_left
            if part != HEARTBEAT:
                *_, document = part
    raise AssertionError("a chat ends with its end, or raises")


def as_chunk(document: Document) -> Document:
    """Return a part of a stream: what was answered before comes whole, and is one part."""
    choices = document.get("choices", [])
    if not any("message" in choice for choice in choices):
        return document
    deltas = []
    for choice in choices:
        delta = dict(choice.get("message") or {})
        if delta.get("tool_calls"):
            delta["tool_calls"] = [{"index": place, **call} for place, call in enumerate(delta["tool_calls"])]
        deltas.append({**{k: v for k, v in choice.items() if k != "message"}, "delta": delta})
    return {**document, "object": "chat.completion.chunk", "choices": deltas}


def charge_of(ended: ChatEnded) -> Document:
    """Return what a chat cost, as it is told beside OpenAI's own words."""
    generation = ended.generation
    return {"generation": generation.generation_id, "credits_charged": generation.credits_charged}


async def _events(chat: Chat) -> AsyncIterator[str]:
    held: Document | None = None
    try:
        async with aclosing(chat.told()) as told:
            async for part in told:
                if isinstance(part, ChatEnded):
                    if held is not None:
                        yield data({**held, "tintype": charge_of(part)})
                    yield f": tintype {json.dumps(charge_of(part))}\n\n"
                    yield "data: [DONE]\n\n"
                elif part == HEARTBEAT:
                    yield comment()
                else:
                    chunks = [chunk for chunk in part if not _is_usage_alone(chunk)]
                    # The last one waits for what the tokens cost.
                    held = next((chunk for chunk in part if _is_usage_alone(chunk)), held)
                    if chunks:
                        yield "".join(data(as_chunk(chunk)) for chunk in chunks)
    except GatewayError as refusal:
        yield data(error_body(refusal).model_dump(mode="json"))


def _is_usage_alone(chunk: Document) -> bool:
    return bool(chunk.get("usage")) and not chunk.get("choices")
