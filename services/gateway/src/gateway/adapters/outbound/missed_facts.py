"""What an account missed since a cursor, from all streams by the time at which it was stored."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing

from nats.js import JetStreamContext

from gateway.adapters.outbound.nats_streams import fact_in, place_of, reading, sequence_of
from gateway.domain.event import Cursor, Delivery, Place, Stream
from gateway.domain.identifiers import AccountId

OVERLAP_S = 30.0
"""How long before a `Place` the other streams are read again."""


async def missed_facts(
    jetstream: JetStreamContext, account_id: AccountId, *, after: Cursor, until: Mapping[Stream, int]
) -> AsyncIterator[Delivery]:
    """Deliver an account's facts after a cursor and up to these numbers, what was stored first first.

    By time and not stream by stream: a client that leaves in the middle goes on from the last it got.
    """
    async with AsyncExitStack() as stack:
        waiting: list[tuple[Delivery, AsyncGenerator[Delivery, None]]] = []
        for stream in Stream:
            source = _of_stream(jetstream, account_id, stream, after=after, until=until.get(stream, 0))
            await stack.enter_async_context(aclosing(source))
            if (first := await anext(source, None)) is not None:
                waiting.append((first, source))
        while waiting:
            earliest = min(waiting, key=lambda next_up: _at_ms(next_up[0]))
            waiting.remove(earliest)
            delivery, source = earliest
            yield delivery
            if (following := await anext(source, None)) is not None:
                waiting.append((following, source))


async def _of_stream(
    jetstream: JetStreamContext, account_id: AccountId, stream: Stream, *, after: Cursor, until: int
) -> AsyncGenerator[Delivery, None]:
    number, since_ms = _start(after, stream)
    if number is not None and number >= until:
        return
    subject = f"tintype.{stream.value.lower()}.v1.*.{account_id}"
    async with reading(jetstream, stream, subject=subject, after=number, since_ms=since_ms) as missed:
        left = missed.pending
        while left > 0:
            messages = await missed.fetch()
            left -= len(messages)
            for message in messages:
                if sequence_of(message) > until:
                    return
                if (fact := fact_in(message)) is not None:
                    place = place_of(stream, message, fact)
                    yield Delivery(cursor=place, fact=fact, maybe_seen=_maybe_seen(place, after))


def _start(after: Cursor, stream: Stream) -> tuple[int | None, int]:
    """Return the last number that was seen for certain, or None and the time from which to read."""
    if not isinstance(after, Place):
        return after.numbers.get(stream, 0), 0
    if after.stream == stream:
        return after.sequence, 0
    return None, max(0, after.at_ms - int(OVERLAP_S * 1000))


def _maybe_seen(place: Place, after: Cursor) -> bool:
    return isinstance(after, Place) and place.stream != after.stream and place.at_ms <= after.at_ms


def _at_ms(delivery: Delivery) -> int:
    return delivery.cursor.at_ms
