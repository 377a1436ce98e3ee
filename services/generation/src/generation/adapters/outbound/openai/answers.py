"""Reads answers as they come: JSON or a stream of events, never more than there is room for."""

import json
from collections.abc import AsyncIterator
from typing import Any

from openai import AsyncAPIResponse, OpenAIError

from generation.adapters.outbound.openai.failures import AnswerBroken

# Four pictures of 16 MB each in base64, and some.
ANSWER_BYTES_MAX = 96 * 1024 * 1024
STREAM_BYTES_MAX = 64 * 1024 * 1024
EVENT_BYTES_MAX = 4 * 1024 * 1024
DONE = b"[DONE]"


def is_stream(answer: AsyncAPIResponse[Any]) -> bool:
    """Whether events come; some servers answer with one JSON document whatever was asked."""
    return "json" not in answer.headers.get("content-type", "").lower()


async def document(answer: AsyncAPIResponse[Any]) -> dict[str, Any]:
    """The JSON object that is the answer; `{}` when it is none. Raises AnswerBroken."""
    body = bytearray()
    async for piece in _pieces(answer, bytes_max=ANSWER_BYTES_MAX):
        body += piece
    return _object(bytes(body))


async def events(answer: AsyncAPIResponse[Any]) -> AsyncIterator[dict[str, Any] | None]:
    """The objects that the events carry, None for the one that says it is all. Raises AnswerBroken."""
    rest = b""
    async for piece in _pieces(answer, bytes_max=STREAM_BYTES_MAX):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > EVENT_BYTES_MAX:
            raise AnswerBroken(f"an event is larger than {EVENT_BYTES_MAX} bytes")
        for line in lines:
            if (data := _data(line)) is not None:
                yield None if data == DONE else _object(data)
    if (data := _data(rest)) is not None:
        yield None if data == DONE else _object(data)


async def _pieces(answer: AsyncAPIResponse[Any], *, bytes_max: int) -> AsyncIterator[bytes]:
    received = 0
    try:
        async for piece in answer.iter_bytes():
            received += len(piece)
            if received > bytes_max:
                raise AnswerBroken(f"the answer is larger than {bytes_max} bytes")
            yield piece
    except OpenAIError:
        raise
    except Exception as error:
        # What a broken connection raises depends on the HTTP client that the SDK has inside.
        raise AnswerBroken(f"{type(error).__name__}: {error}") from error


def _data(line: bytes) -> bytes | None:
    """What a line of an event stream says; None of comments, names and blank lines."""
    field, colon, value = line.strip(b"\r").partition(b":")
    return value.strip() if field == b"data" and colon else None


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
