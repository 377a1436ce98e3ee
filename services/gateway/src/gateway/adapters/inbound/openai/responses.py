"""The Responses API, over chats: nothing is stored here to be gone on with."""

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
from gateway.adapters.inbound.openai.chat import as_chunk, charge_of, whole
from gateway.adapters.inbound.openai.chat_run import CHATS, HEARTBEAT, Chat, WantedChat, begun
from gateway.adapters.inbound.openai.errors import error_body
from gateway.adapters.inbound.openai.event_stream import SSE, EventStream, comment, data
from gateway.adapters.inbound.openai.media import tell_charge
from gateway.adapters.inbound.openai.response_input import chat_of
from gateway.adapters.inbound.openai.response_output import ResponseWriter
from gateway.adapters.inbound.openai.route import OpenaiRoute
from gateway.adapters.inbound.rest.answers.answer import Answer, shown
from gateway.adapters.inbound.rest.parameters import own_idempotency_key
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.chat import ChatEnded
from gateway.domain.errors import GatewayError
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/openai/v1", tags=["openai"], route_class=OpenaiRoute)

_OUTPUT = [
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
    }
]
_REFUSED = {**CHATS, 400: (*CHATS[400], "UNSUPPORTED_PARAMETER", "UNSUPPORTED_VALUE")}


class OpenaiResponseBody(OpenaiBody):
    """What to answer, as the Responses API has it."""

    input: Annotated[str | list[Any], Field(examples=["Say hello."])]
    """A text, or the items of a conversation: messages, calls of functions and what they gave."""
    stream: bool | None = None
    """Whether it comes in events, as it grows."""
    metadata: Annotated[dict[str, Any] | None, Field(max_length=50)] = None
    """The caller's own: kept with the generation."""


class OpenaiResponse(Answer):
    """A response, as the Responses API has it."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, shown("gen_019324a1b2c37def8a9b0c1d2e3f4a5b")]
    """The generation's id."""
    object: Literal["response"]
    """What kind of thing it is."""
    created_at: Annotated[int, shown(1769860800)]
    """In seconds since 1970."""
    status: Annotated[str, shown("completed")]
    """`completed` or `incomplete`."""
    model: Annotated[str, shown("openai/chat")]
    """As the request named it."""
    output: Annotated[list[dict[str, Any]], shown(_OUTPUT)]
    """Messages, and calls of functions."""


_STREAM: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "Events as OpenAI names them, from `response.created` to `response.completed`, "
        "`response.incomplete` or `response.failed`. Comments keep the connection alive.",
    },
    "example": "event: response.output_text.delta\n"
    'data: {"type":"response.output_text.delta","sequence_number":4,"delta":"Hello."}\n\n',
}


@router.post(
    "/responses",
    response_model=None,
    dependencies=[per_user(Limit.GENERATIONS)],
    responses={
        **refuses(_REFUSED),
        200: {
            "model": OpenaiResponse,
            "description": "The response, whole or in events.",
            "content": {SSE: _STREAM},
        },
    },
)
async def create_openai_response(
    body: OpenaiResponseBody,
    request: Request,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str | None, Depends(own_idempotency_key)],
) -> Response:
    """Answer with text or with calls of functions, as the Responses API has it.

    It is a chat: it runs and costs as one. Nothing is stored, as with `store: false`: `previous_response_id`
    is refused, and a conversation comes whole in `input`.
    """
    asked = body.model_dump(exclude_unset=True, exclude={"model", "models", "stream", "metadata"})
    chat_asked = dict(chat_of(asked))
    if body.stream:
        chat_asked["stream_options"] = {"include_usage": True}
    wanted = WantedChat(
        models=body.wanted(),
        chat=chat_asked,
        is_streamed=bool(body.stream),
        metadata=body.metadata or {},
    )
    chat = await begun(request, deps, principal, key, wanted)
    writer = ResponseWriter(
        chat.accepted.generation_id,
        model=chat.name,
        created_at=int(chat.accepted.created_at.timestamp()),
        asked=asked | {"metadata": body.metadata},
    )
    if body.stream:
        return await EventStream.of(chat, _events(chat, writer))
    document, ended, credits_left = await unless_left(request, whole(chat))
    for _ in (*writer.take(as_chunk(document)), *writer.complete(charge_of(ended))):
        pass
    answer = JSONResponse(writer.response)
    replayed = chat.accepted.status.is_final
    tell_charge(answer, ended.generation, credits_left, replayed=replayed)
    return answer


async def _events(chat: Chat, writer: ResponseWriter) -> AsyncIterator[str]:
    for event in writer.begin():
        yield data(event, event=event["type"])
    try:
        async with aclosing(chat.told()) as told:
            async for part in told:
                if part == HEARTBEAT:
                    yield comment()
                    continue
                if isinstance(part, ChatEnded):
                    events = list(writer.complete(charge_of(part)))
                else:
                    events = [event for chunk in part for event in writer.take(as_chunk(chunk))]
                if events:
                    yield "".join(data(event, event=event["type"]) for event in events)
    except GatewayError as refusal:
        error = error_body(refusal).error
        for event in writer.fail(error.code, error.message):
            yield data(event, event=event["type"])
