"""Texts read aloud."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.openai.bodies import OpenaiBody
from gateway.adapters.inbound.openai.media import RUNS, Wanted, available, made, paid_for, tell_charge
from gateway.adapters.inbound.openai.model_input import speech_input
from gateway.adapters.inbound.openai.route import OpenaiRoute
from gateway.adapters.inbound.rest.parameters import idempotency_key
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.errors import Unavailable
from gateway.domain.generation import Modality, Output
from gateway.ports.output_files import OutputUnreadable
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/openai/v1/audio", tags=["openai"], route_class=OpenaiRoute)

_SOUND: dict[str, Any] = {"type": "string", "format": "binary", "description": "The sound, as it is read."}
_SOUNDS: dict[str, Any] = {
    "description": "The file, as its format is.",
    "content": {
        media: {"schema": _SOUND, "example": "the sound's bytes"}
        for media in ("audio/mpeg", "audio/wav", "audio/ogg", "audio/flac", "audio/aac")
    },
}


class OpenaiSpeechBody(OpenaiBody):
    """What to read aloud."""

    input: Annotated[str, Field(min_length=1, max_length=32_000, examples=["Good evening."])]
    """The text."""
    voice: Annotated[str | dict[str, str] | None, Field(examples=["coral"])] = None
    """One of the model's, by its name or as `{"id": name}`."""
    instructions: Annotated[str | None, Field(max_length=4_096)] = None
    """How to read it."""
    response_format: Annotated[str | None, Field(max_length=16)] = None
    """One of the model's formats; `opus` is Ogg."""


@router.post(
    "/speech",
    response_class=Response,
    response_model=None,
    dependencies=[per_user(Limit.GENERATIONS)],
    responses={**refuses(RUNS), 200: _SOUNDS},
)
async def create_openai_speech(
    body: OpenaiSpeechBody,
    request: Request,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> Response:
    """Read a text aloud, and answer with the sound.

    It begins once the whole of it has been made: `stream_format` may be `audio`, and nothing else. A client
    that leaves before has the generation cancelled, unless it sent an `Idempotency-Key`.
    """
    asked = body.model_dump(exclude_unset=True, exclude={"model", "models"})
    wanted = Wanted(
        models=body.wanted(),
        modality=Modality.AUDIO,
        input_of=lambda model: speech_input(model, {"input": body.input} | asked),
    )
    generation, replayed = await made(request, deps, principal, key, wanted)
    with paid_for(request):
        answer = await _sound(deps, generation.outputs[0])
    tell_charge(answer, generation, await available(deps, generation), replayed=replayed)
    return answer


async def _sound(deps: Deps, output: Output) -> Response:
    """Open the file before the answer begins: what can't be read can still be refused."""
    async with AsyncExitStack() as opening:
        try:
            parts = await opening.enter_async_context(deps.output_files.open(output))
        except OutputUnreadable as failure:
            raise Unavailable("The file can't be read right now.", reason="STORAGE_UNAVAILABLE") from failure
        held = opening.pop_all()

    async def content() -> AsyncIterator[bytes]:
        async with held:
            async for part in parts:
                yield part

    return StreamingResponse(
        content(), media_type=output.media_type, headers={"Content-Length": str(output.size_bytes)}
    )
