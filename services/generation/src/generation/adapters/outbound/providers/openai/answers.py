"""Reads answers as they come: JSON or a stream of events, never more than there is room for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from openai import AsyncAPIResponse, OpenAIError

from generation.adapters.outbound.providers.openai.failures import AnswerBroken

# Four pictures of 16 MB each in base64, and some.
ANSWER_BYTES_MAX = 96 * 1024 * 1024
STREAM_BYTES_MAX = 64 * 1024 * 1024
EVENT_BYTES_MAX = 4 * 1024 * 1024
DONE = b"[DONE]"
# After it there is only the answer's end, which comes with it or at once. Where it does not, the connection
# is not used again: nobody waits for a server that holds it open.
END_WITHIN_S = 0.05


async def document(answer: AsyncAPIResponse[Any]) -> dict[str, Any]:
    """Return the JSON object that is the answer; `{}` when it is none. Raises AnswerBroken."""
    return told_in(await content(answer))


async def content(answer: AsyncAPIResponse[Any]) -> bytes:
    """Return the answer's bytes, whatever they are. Raises AnswerBroken."""
    body = bytearray()
    async for piece in pieces_of(answer, bytes_max=ANSWER_BYTES_MAX):
        body += piece
    return bytes(body)


async def events(answer: AsyncAPIResponse[Any]) -> AsyncIterator[dict[str, Any] | None]:
    """Return the objects that the events carry, None for the one that says it is all. Raises AnswerBroken."""
    async for data in data_of(answer):
        yield None if data == DONE else told_in(data)


async def data_of(answer: AsyncAPIResponse[Any]) -> AsyncIterator[bytearray]:
    """Return what the events carry as it came, DONE for the one that says it is all. Raises AnswerBroken.

    Some servers answer with one JSON document whatever was asked, and whatever type they say it has: it
    is the only event then.
    """
    rest, is_document = bytearray(), None
    pieces = pieces_of(answer, bytes_max=STREAM_BYTES_MAX)
    async for piece in pieces:
        rest += piece
        if is_document is None and (start := rest.lstrip()):
            is_document = start.startswith(b"{")
        if is_document:
            continue
        *lines, rest = rest.split(b"\n")
        if len(rest) > EVENT_BYTES_MAX:
            raise AnswerBroken(f"an event is larger than {EVENT_BYTES_MAX} bytes")
        for line in lines:
            if (data := data_in(line)) is None:
                continue
            if data == DONE:
                await _read_to_its_end(pieces)
            yield data
    if is_document:
        yield rest
        yield bytearray(DONE)
    elif (data := data_in(rest)) is not None:
        yield data


async def _read_to_its_end(pieces: AsyncIterator[bytes]) -> None:
    """Have the connection free for the next call: one that has to be opened costs a handshake."""
    with suppress(TimeoutError, AnswerBroken, OpenAIError):
        async with asyncio.timeout(END_WITHIN_S):
            async for _ in pieces:
                pass


async def pieces_of(answer: AsyncAPIResponse[Any], *, bytes_max: int) -> AsyncIterator[bytes]:
    """Return what comes as it comes. Raises AnswerBroken where it is more than `bytes_max`, or breaks off."""
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


def data_in(line: bytearray) -> bytearray | None:
    """Return what a line of an event stream says; None of comments, names and blank lines.

    A server that fails in the middle may forget the form, and say so in bare JSON.
    """
    if line.startswith(b"{"):
        return line
    field, colon, value = line.strip(b"\r").partition(b":")
    return value.strip() if field == b"data" and colon else None


def told_in(body: bytes | bytearray) -> dict[str, Any]:
    """Return the JSON object that the bytes are; `{}` when they are none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
