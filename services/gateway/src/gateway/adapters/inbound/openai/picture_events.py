"""The events of a picture that is streamed, as OpenAI names and fills them."""

from base64 import b64encode
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.openai.chat_run import HEARTBEAT
from gateway.adapters.inbound.openai.errors import error_body
from gateway.adapters.inbound.openai.event_stream import comment, data
from gateway.adapters.inbound.openai.media import content_of
from gateway.adapters.inbound.openai.picture_run import PictureRun
from gateway.domain.errors import Conflict, FieldProblem, GatewayError, InvalidRequest
from gateway.domain.generation import Document, Generation, Output
from gateway.domain.preview import PictureTokens, Preview

Kind = Literal["image_generation", "image_edit"]
"""What the names of its events begin with."""
STREAM: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "With `stream`: events as OpenAI names them, `image_generation.partial_image` (or "
        "`image_edit...`) for each preview, at last `image_generation.completed` with the whole picture, or "
        "`error`. Comments keep the connection alive.",
    },
    "example": "event: image_generation.completed\n"
    'data: {"type":"image_generation.completed","b64_json":"iVBORw0KGgo=","created_at":1769860800}\n\n',
}
# Where nobody counted tokens: clients read the fields without asking whether they are there.
UNCOUNTED = PictureTokens(text=0, image=0, output=0)


@dataclass(frozen=True, kw_only=True)
class StreamWish:
    """Whether a picture comes in events, and how many previews of it at most."""

    is_streamed: bool
    previews_max: int


def stream_wish(
    *, stream: bool | None, partial_images: int | None, n: Collection[object], response_format: str | None
) -> StreamWish:
    """Read what is asked for. Raises InvalidRequest, which names the field."""
    if not stream:
        if partial_images:
            raise _refused("partial_images", "needs stream: true")
        return StreamWish(is_streamed=False, previews_max=0)
    if any(count not in (None, 1, "1") for count in n):
        raise _refused("n", "Streaming is only supported with n=1.")
    if response_format == "url":
        raise _refused("response_format", "a stream has its pictures in base64")
    return StreamWish(is_streamed=True, previews_max=partial_images or 0)


async def picture_events(deps: Deps, run: PictureRun, kind: Kind) -> AsyncIterator[str]:
    """Tell of a picture until it is there, or of why it is not."""
    try:
        async with aclosing(run.told()) as told:
            async for part in told:
                if part == HEARTBEAT:
                    yield comment()
                    continue
                if isinstance(part, Preview):
                    event = _partial(run.accepted, part, kind)
                    yield data(event, event=event["type"])
                    continue
                if not part.outputs:
                    raise Conflict("The picture is not kept any more.", reason="ANSWER_NOT_KEPT")
                for output in part.outputs:
                    event = await _completed(deps, part, output, kind, run.watcher.tokens)
                    yield data(event, event=event["type"])
    except GatewayError as refusal:
        yield data(error_body(refusal).model_dump(mode="json"), event="error")


def _partial(generation: Generation, preview: Preview, kind: Kind) -> dict[str, Any]:
    return {
        "type": f"{kind}.partial_image",
        "b64_json": b64encode(preview.content).decode(),
        "partial_image_index": preview.index,
        "created_at": int(generation.created_at.timestamp()),
        **_facts(generation, size=(preview.width, preview.height), media_type=preview.media_type),
    }


async def _completed(
    deps: Deps, generation: Generation, output: Output, kind: Kind, tokens: PictureTokens | None
) -> dict[str, Any]:
    return {
        "type": f"{kind}.completed",
        "b64_json": b64encode(await content_of(deps, output)).decode(),
        "created_at": int((generation.finished_at or generation.created_at).timestamp()),
        **_facts(generation, size=(output.width, output.height), media_type=output.media_type),
        "usage": _usage(tokens or UNCOUNTED),
        "tintype": {
            "generation": generation.generation_id,
            "credits_charged": generation.credits_charged,
        },
    }


def _usage(tokens: PictureTokens) -> Document:
    return {
        "input_tokens": tokens.text + tokens.image,
        "input_tokens_details": {"image_tokens": tokens.image, "text_tokens": tokens.text},
        "output_tokens": tokens.output,
        "total_tokens": tokens.text + tokens.image + tokens.output,
    }


def _facts(generation: Generation, *, size: tuple[int, int], media_type: str) -> Document:
    width, height = size
    return {
        "size": f"{width}x{height}" if width and height else "auto",
        "quality": str(generation.input.get("quality", "auto")),
        "background": "auto",
        "output_format": media_type.removeprefix("image/"),
    }


def _refused(name: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, reason="UNSUPPORTED_VALUE", fields=[FieldProblem(name, detail)])
