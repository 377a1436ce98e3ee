"""`POST /v1/audio/speech`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.odd_files import ODD_FILES
from standins.openai.answering import CutResponse, parsed
from standins.openai.image_answers import ERROR_BODY
from standins.openai.models import require
from standins.openai.obedience import Obedience, unknown_answer
from standins.openai.settings import OpenAISettings
from standins.speaking import spoken

MEDIA_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "opus": "audio/ogg"}
Voice = Literal[
    "alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"
]


class SpeechRequest(BaseModel):
    """The parameters of speech, with the formats that the stand-in can write."""

    model_config = ConfigDict(extra="forbid")

    model: str
    input: Annotated[str, Field(min_length=1, max_length=4_096)]
    voice: Voice
    instructions: Annotated[str, Field(max_length=4_096)] = ""
    response_format: Literal["mp3", "wav", "opus"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    stream_format: Literal["audio"] = "audio"


class Speech:
    """Hums what it is asked to say."""

    def __init__(self, settings: OpenAISettings, obedience: Obedience) -> None:
        self.settings = settings
        self.obedience = obedience

    async def create(self, request: Request) -> Response:
        """Answer with a file of sound, or whatever stands in its place."""
        asked = parsed(request, SpeechRequest)
        require(asked.model, self.settings.speech_models)
        instructions = self.obedience.instructions(asked.input, "speech")
        await self.obedience.obey(instructions)
        sound = await asyncio.to_thread(
            spoken, instructions.prompt, asked.voice, asked.response_format, speed=asked.speed
        )
        self.obedience.bill(asked.input)
        media_type = MEDIA_TYPES[asked.response_format]
        if instructions.cut:
            return CutResponse(sound[: len(sound) // 2], media_type)
        if instructions.answer == "error_body":
            return JSONResponse(ERROR_BODY)
        if instructions.answer is not None and instructions.answer not in ODD_FILES:
            raise unknown_answer(instructions.answer)
        return Response(
            ODD_FILES[instructions.answer]() if instructions.answer else sound, media_type=media_type
        )
