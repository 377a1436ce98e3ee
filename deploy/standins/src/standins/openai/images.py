"""`POST /v1/images/generations`."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from PIL.Image import Image
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from standins.drawing import Picture, draw, encode
from standins.openai.answering import EventStream, json_answer, parsed
from standins.openai.errors import OpenAIError
from standins.openai.image_answers import Files, answer_data
from standins.openai.image_events import Drawing, picture_events
from standins.openai.models import require
from standins.openai.obedience import Obedience
from standins.openai.settings import OpenAISettings
from standins.openai.tokens import token_count

STANDARD_SIZES = ("1024x1024", "1024x1536", "1536x1024")
FREE_SIZE_MODELS = re.compile(r"^gpt-image-(?:[2-9]|\d\d)")
SIZE = re.compile(r"^(\d{2,4})x(\d{2,4})$")
EDGE_MULTIPLE = 16
PIXELS_MAX = 3840 * 2160
RATIO_MAX = 3
TOKENS_PER_PIXEL = {"low": 272 / 1024**2, "medium": 1056 / 1024**2, "high": 4160 / 1024**2}
Draws = Callable[[Picture], Image]


class ImageRequest(BaseModel):
    """The parameters of GPT image models."""

    model_config = ConfigDict(extra="forbid")
    # What the events of a stream begin with.
    EVENTS: ClassVar[str] = "image_generation"

    prompt: Annotated[str, Field(min_length=1, max_length=32_000)]
    model: str = "gpt-image-1"
    background: Literal["transparent", "opaque", "auto"] | None = "auto"
    moderation: Literal["low", "auto"] | None = "auto"
    n: Annotated[int, Field(ge=1, le=10)] | None = 1
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = 100
    output_format: Literal["png", "webp", "jpeg"] | None = "png"
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = 0
    quality: Literal["low", "medium", "high", "auto"] | None = "auto"
    safety_identifier: str | None = None
    size: str | None = "auto"
    stream: bool | None = False
    user: str | None = None


class Images:
    """Draws what is asked for."""

    def __init__(self, settings: OpenAISettings, obedience: Obedience, files: Files) -> None:
        self.settings = settings
        self.obedience = obedience
        self.files = files

    async def generate(self, request: Request) -> Response:
        """Answer with base64 pictures, at once or as a stream of previews and the finished picture."""
        return await self.answer(request, parsed(request, ImageRequest), draw)

    async def answer(
        self, request: Request, asked: ImageRequest, drawn: Draws, *, image_tokens: int = 0
    ) -> Response:
        """Answer with what `drawn` makes of each picture; `image_tokens` came in. Raises OpenAIError."""
        require(asked.model, self.settings.image_models)
        instructions = self.obedience.instructions(asked.prompt, "images")
        width, height = _size(asked)
        if asked.background == "transparent" and asked.output_format == "jpeg":
            message = "Transparent background is not supported for JPEG output format."
            raise OpenAIError(message, param="background", code="invalid_value")
        if asked.stream and (asked.n or 1) > 1:
            raise OpenAIError("Streaming is only supported with n=1.", param="n", code="invalid_value")
        if asked.stream and instructions.answer == "no_stream":
            raise OpenAIError("Unknown parameter: 'stream'.", param="stream", code="unknown_parameter")
        await self.obedience.obey(instructions)
        pictures = [
            Picture(instructions.prompt, index, width, height, transparent=asked.background == "transparent")
            for index in range(asked.n or 1)
        ]
        self.obedience.bill(asked.prompt)
        if asked.stream:
            if instructions.answer == "whole_json":
                return json_answer(
                    {"data": [{"b64_json": await _encoded(asked, pictures[0], drawn)}]}, cut=False
                )
            events = picture_events(
                Drawing(
                    kind=asked.EVENTS,
                    partial_images=asked.partial_images or 0,
                    facts=_facts(asked, pictures[0]),
                    usage=_usage(asked, pictures[0], 1, image_tokens),
                    draw=lambda: drawn(pictures[0]),
                    encode=lambda image: _base64(asked, image),
                ),
                instructions,
                pause_s=self.settings.chunk_delay_s if instructions.pace_s is None else instructions.pace_s,
            )
            return EventStream(events, cut=instructions.cut)
        images = [await _encoded(asked, picture, drawn) for picture in pictures]
        payload = {
            "created": int(time.time()),
            **_facts(asked, pictures[0]),
            **answer_data(
                # It is about streams alone.
                None if instructions.answer == "no_stream" else instructions.answer,
                images,
                output_format=asked.output_format or "png",
                base_url=str(request.base_url),
                files=self.files,
            ),
            "usage": _usage(asked, pictures[0], len(pictures), image_tokens),
        }
        return json_answer(payload, cut=instructions.cut)


def _size(asked: ImageRequest) -> tuple[int, int]:
    size = asked.size or "auto"
    match = SIZE.match("1024x1024" if size == "auto" else size)
    free = FREE_SIZE_MODELS.match(asked.model) is not None
    if match is None or not (free or match[0] in STANDARD_SIZES):
        supported = ", ".join(f"'{name}'" for name in STANDARD_SIZES)
        message = f"Invalid value: '{size}'. Supported values are: {supported}, and 'auto'."
        raise OpenAIError(message, param="size", code="invalid_value")
    width, height = int(match[1]), int(match[2])
    fits = width % EDGE_MULTIPLE == 0 and height % EDGE_MULTIPLE == 0 and width * height <= PIXELS_MAX
    if not fits or max(width, height) > RATIO_MAX * min(width, height):
        message = (
            f"Invalid size '{size}': edges are multiples of 16, ratios from 1:3 to 3:1, at most 3840x2160."
        )
        raise OpenAIError(message, param="size", code="invalid_value")
    return width, height


def _facts(asked: ImageRequest, picture: Picture) -> dict[str, Any]:
    return {
        "background": "transparent" if picture.transparent else "opaque",
        "output_format": asked.output_format or "png",
        "quality": _quality(asked),
        "size": f"{picture.width}x{picture.height}",
    }


def _quality(asked: ImageRequest) -> str:
    return "medium" if asked.quality in (None, "auto") else str(asked.quality)


def _usage(asked: ImageRequest, picture: Picture, count: int, image_tokens: int) -> dict[str, Any]:
    text = token_count(asked.prompt)
    each = round(TOKENS_PER_PIXEL[_quality(asked)] * picture.width * picture.height)
    drawn = each * count + 100 * (asked.partial_images or 0 if asked.stream else 0)
    return {
        "input_tokens": text + image_tokens,
        "input_tokens_details": {"image_tokens": image_tokens, "text_tokens": text},
        "output_tokens": drawn,
        "output_tokens_details": {"image_tokens": drawn, "text_tokens": 0},
        "total_tokens": text + image_tokens + drawn,
    }


async def _encoded(asked: ImageRequest, picture: Picture, drawn: Draws) -> str:
    return await asyncio.to_thread(lambda: _base64(asked, drawn(picture)))


def _base64(asked: ImageRequest, image: Image) -> str:
    compression = 100 if asked.output_compression is None else asked.output_compression
    return base64.b64encode(encode(image, asked.output_format or "png", compression)).decode()
