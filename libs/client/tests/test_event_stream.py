"""Events, however they come over the wire, and a stream that breaks off."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from itertools import islice
from typing import Any

import httpx
import pytest
from client_world import AT_ONCE
from tintype_client import (
    ApiError,
    AsyncTintype,
    Balance,
    ConnectionFailed,
    Event,
    GenerationUpdated,
    Tintype,
    Unauthenticated,
    UnexpectedAnswer,
)
from tintype_client.event_stream import LINE_CHARACTERS_MAX, EventDecoder

UPDATE: dict[str, Any] = {
    "id": "gen_1", "status": "succeeded", "progress": 1, "new": True,
    "credits": {"reserved": 5, "charged": 5, "refunded": 0},
}  # fmt: skip


def told(number: int, data: Any = UPDATE, name: str = "generation.updated") -> bytes:
    """An event as the API writes it."""
    text = json.dumps(data, ensure_ascii=False)
    return f"event: {name}\r\nid: e{number}\r\ndata: {text}\r\n\r\n".encode()


@pytest.mark.exhaustive
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_events_are_made_of_pieces(size: int, end: bytes) -> None:
    """Wherever they are cut, within a character or between CR and LF; comments are none."""
    words = {"text": "雪\u2028\u0085\x0b"}
    wire = b"retry: 2000\r\n: here\r\nid: e0\r\n\r\n" + told(1) + told(2, words, "something.new")
    wire = (wire + b": heartbeat\r\n\r\ndata: 1\r\ndata\r\n\r\n").replace(b"\r\n", end) + b":\n"
    decoder = EventDecoder()
    pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
    events = [event for piece in pieces for event in decoder.feed(piece)]
    first, second, third = events
    assert isinstance(first.data, GenerationUpdated)
    assert (first.id, first.name, first.data.status, first.data.has_ended) == (
        "e1", "generation.updated", "succeeded", True,
    )  # fmt: skip
    assert (second.id, second.name, second.data) == ("e2", "something.new", words)
    assert (third.id, third.name, third.data) == ("e2", "message", 1)
    assert (decoder.last_event_id, decoder.retry_delay_s) == ("e2", 2)


def test_a_balance_is_one() -> None:
    """Each name has its kind."""
    by_category = {"subscription": 0, "promotional": 1, "paid": 2}
    data = {
        "available": 3, "held": 0, "debt": 0, "by_category": by_category, "next_expiry": None,
        "upcoming": 0, "next_effective": None, "sequence": 4,
    }  # fmt: skip
    (event,) = EventDecoder().feed(told(1, data, "balance.updated"))
    assert isinstance(event.data, Balance)
    assert event.data.by_category.paid == 2


@pytest.mark.parametrize(
    "wire",
    [b"data: {\n\n", b'event: generation.updated\ndata: {"id": 1}\n\n', b"x" * (LINE_CHARACTERS_MAX + 1)],
)
def test_what_is_no_event_is_told(wire: bytes) -> None:
    """Neither half of JSON nor a line without an end is waited for."""
    with pytest.raises(UnexpectedAnswer):
        list(EventDecoder().feed(wire))


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, *pieces: bytes, breaks: bool) -> None:
        self._pieces = pieces
        self._breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._breaks:
            raise httpx.ReadError("gone")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Streams(httpx.MockTransport):
    """A server that answers as it is told to, one request after the other; it keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.seen: list[httpx.Request] = []
        self._answers = list(answers)
        super().__init__(self._next)

    def _next(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def stream(*pieces: bytes, breaks: bool = True) -> httpx.Response:
    """A stream without a pause between two of its kind."""
    return httpx.Response(200, stream=Pieces(b"retry: 0\n\n", *pieces, breaks=breaks))


async def followed(kind: type[Any], streams: Streams, count: int, **given: Any) -> list[Event]:
    """The first events that a client of this kind is told."""
    if kind is Tintype:
        with httpx.Client(transport=streams) as http:
            client = Tintype("https://t.example", "tok", http_client=http, retries=AT_ONCE)
            with closing(client.stream_events(**given)) as events:
                return list(islice(events, count))
    async with httpx.AsyncClient(transport=streams) as http_async:
        asked = AsyncTintype("https://t.example", "tok", http_client=http_async, retries=AT_ONCE)
        found = []
        async with aclosing(asked.stream_events(**given)) as told_events:
            async for event in told_events:
                found.append(event)
                if len(found) == count:
                    break
        return found


BOTH = pytest.mark.parametrize("kind", [Tintype, AsyncTintype])


@BOTH
async def test_a_stream_goes_on_where_it_broke_off(kind: type[Any]) -> None:
    """After the last event that was whole; half of one is told again, once."""
    streams = Streams(
        stream(told(1), told(2)[:40]),
        httpx.ConnectError("refused"),
        httpx.Response(503, json={"reason": "EVENTS_UNAVAILABLE"}),
        stream(told(2), breaks=False),
        stream(b"id: e3\n\n"),
        stream(told(4)),
    )
    events = await followed(kind, streams, 3, last_event_id="e0")
    assert [event.id for event in events] == ["e1", "e2", "e4"]
    at = [request.headers.get("last-event-id") for request in streams.seen]
    assert at == ["e0", "e1", "e1", "e1", "e2", "e3"]


@BOTH
async def test_a_stream_that_can_not_be_opened_is_given_up(kind: type[Any]) -> None:
    """After as many attempts as any request has; at once where the key is not good."""
    with pytest.raises(ConnectionFailed):
        await followed(kind, Streams(*[httpx.ConnectError("refused")] * 5), 1)
    busy = [httpx.Response(429, json={"reason": "TOO_MANY_STREAMS"}) for _ in range(5)]
    with pytest.raises(ApiError, match="TOO_MANY_STREAMS"):
        await followed(kind, Streams(*busy), 1)
    with pytest.raises(ConnectionFailed):
        await followed(
            kind, Streams(*[httpx.Response(200, stream=Pieces(breaks=False)) for _ in range(5)]), 1
        )
    ended = httpx.Response(401, json={"reason": "TOKEN_EXPIRED"})
    with pytest.raises(Unauthenticated):
        await followed(kind, Streams(stream(told(1)), ended), 2)
