"""A picture as a stream of events: previews, then the whole of it, or whatever a prompt orders instead."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from standins.drawing import preview
from standins.odd_files import ODD_FILES
from standins.openai.answering import event
from standins.openai.failures import failure
from standins.openai.markers import Instructions

# Longer than any picture.
LONG_BYTES = 40 * 1024 * 1024


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and what is told of it."""

    kind: str
    partial_images: int
    facts: Mapping[str, Any]
    usage: Mapping[str, Any]
    draw: Callable[[], Image]
    encode: Callable[[Image], str]


async def picture_events(drawing: Drawing, asked: Instructions, *, pause_s: float) -> AsyncIterator[bytes]:
    """Tell of a picture as OpenAI does; what an `answer` orders is told in its place."""
    image = await asyncio.to_thread(drawing.draw)
    facts = {"created_at": int(time.time()), **drawing.facts}
    steps, kind = drawing.partial_images, f"{drawing.kind}.partial_image"
    for step in range(steps):
        blurred = await asyncio.to_thread(preview, image, step=step, steps=steps)
        encoded = _odd_preview(asked.answer)
        if encoded is None:
            encoded = await asyncio.to_thread(drawing.encode, blurred)
        yield event({"type": kind, **facts, "partial_image_index": step, "b64_json": encoded}, kind)
        await asyncio.sleep(pause_s)
    if asked.answer == "refused_late":
        body = failure("moderation").body
        yield event({"type": "error", **body}, "error")
        return
    if asked.cut or asked.answer == "no_picture":
        return
    kind = f"{drawing.kind}.completed"
    finished = await asyncio.to_thread(drawing.encode, image)
    yield event({"type": kind, **facts, "b64_json": finished, "usage": drawing.usage}, kind)


def _odd_preview(asked: str | None) -> Any:
    """Return what stands in a preview's place; None where it is to be a good one."""
    match asked:
        case "preview_long":
            return "A" * LONG_BYTES
        case "preview_bad_base64":
            return "*no base64*"
        case "preview_number":
            return 7
        case str() if asked.startswith("preview_"):
            return base64.b64encode(ODD_FILES[asked.removeprefix("preview_")]()).decode()
        case _:
            return None
