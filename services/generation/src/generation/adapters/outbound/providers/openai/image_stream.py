"""Pictures that come in events: previews, and then the whole one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from openai import APIStatusError, AsyncAPIResponse, OpenAIError

from generation.adapters.outbound.providers.openai.answers import (
    END_WITHIN_S,
    data_in,
    pieces_of,
    told_in,
)
from generation.adapters.outbound.providers.openai.encoded_files import inline_file
from generation.ports.media_provider import Preview, Run

# A picture of 24 MB in base64. A longer event is read past, and no other is lost with it.
EVENT_BYTES_MAX = 32 * 1024 * 1024
STREAM_BYTES_MAX = 256 * 1024 * 1024
PARAMETERS = frozenset({"stream", "partial_images"})
log = structlog.get_logger(__name__)


async def picture_in(
    answer: AsyncAPIResponse[Any], run: Run, advance: Callable[[float], None]
) -> Mapping[str, Any]:
    """Return the answer as one that is not streamed has it, and tell of the previews that come before.

    What makes no sense and is no picture is read past. A server that does not stream answers whole, in one
    line or in many. Raises AnswerBroken.
    """
    lines, previews, whole = _lines(answer), 0, bytearray()
    async for line in lines:
        event = told_in(data_in(line) or bytearray())
        if not line.startswith(b"data:") and (whole or (not event and line.lstrip().startswith(b"{"))):
            whole += line
        kind = str(event.get("type"))
        if kind == "error" or event.get("error"):
            return {"error": event.get("error") or event}
        if isinstance(event.get("data"), list):
            return event
        if kind.endswith(".partial_image") and previews < run.previews_max:
            previews += 1
            _show(event.get("b64_json"), run)
            advance(previews / (run.previews_max + 1))
        if kind.endswith(".completed"):
            await _read_to_its_end(lines)
            return {"data": [event], "usage": event.get("usage")}
    return told_in(whole)


def refuses_to_stream(error: APIStatusError) -> bool:
    """Whether a server refused nothing but to show previews: it may be asked again, without them."""
    return error.status_code == 400 and error.param in PARAMETERS


def _show(encoded: object, run: Run) -> None:
    if isinstance(encoded, str):
        run.on_preview(Preview(inline_file(encoded).content))


async def _lines(answer: AsyncAPIResponse[Any]) -> AsyncIterator[bytearray]:
    """Yield lines; instead of one that is longer than any event an empty one."""
    line, is_too_long = bytearray(), False
    async for piece in pieces_of(answer, bytes_max=STREAM_BYTES_MAX):
        *ended, rest = piece.split(b"\n")
        for end in ended:
            if not is_too_long and len(line) + len(end) <= EVENT_BYTES_MAX:
                yield line + end
            else:
                log.warning("event left out", size_bytes_min=EVENT_BYTES_MAX)
                yield bytearray()
            line, is_too_long = bytearray(), False
        if is_too_long or len(line) + len(rest) > EVENT_BYTES_MAX:
            line, is_too_long = bytearray(), True
        else:
            line += rest
    if line:
        yield line


async def _read_to_its_end(lines: AsyncIterator[bytearray]) -> None:
    """Have the connection free for the next call, as long as nobody waits for that."""
    with suppress(TimeoutError, OpenAIError):
        async with asyncio.timeout(END_WITHIN_S):
            async for _ in lines:
                pass
