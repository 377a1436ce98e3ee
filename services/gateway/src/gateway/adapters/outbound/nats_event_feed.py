"""The event feed from JetStream: one live reader of each stream a process, fanned out to its clients.

A client that resumes first gets what it missed through consumers of its own, up to where the live readers
stood when it came; what they deliver after that waits in its queue meanwhile. A `Place` says exactly what was
seen of its own stream, and of the others only the time: they are read again from a while before it. That
loses nothing, because clients are let go when one of the live readers is far behind another.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import structlog
from chassis.process import raise_if_cancelled
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from prometheus_client import Counter, Gauge

from gateway.adapters.outbound.missed_facts import OVERLAP_S, missed_facts
from gateway.adapters.outbound.nats_streams import (
    FETCH_WAIT_S,
    LIVE_MAX,
    fact_in,
    live,
    place_of,
    sequence_of,
    stored_at_ms,
)
from gateway.domain.errors import Unavailable
from gateway.domain.event import Cursor, Delivery, Place, Position, Stream
from gateway.domain.identifiers import AccountId

log = structlog.get_logger(__name__)

_CLIENTS = Gauge("gateway_event_streams_open", "Clients that follow events now")
_SLOW = Counter("gateway_event_streams_slow_total", "Clients disconnected because they read too slowly")

QUEUE_MAX = 256
CATCH_UP_MAX = 10_000
START_WAIT_S = 3.0
RESUME_MAX_S = 24 * 3600
"""A cursor that is older is not followed: its client is told how things stand instead."""
LAG_MAX_S = OVERLAP_S * 2 / 3
"""The rest of the overlap is for clocks that differ."""
_RETRY_S, _STEP_S = 0.5, 0.02
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,128}")


class _Client:
    """What one connection has yet to read; None at the end of the queue ends it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self.is_open = True

    def put(self, arrival: Delivery) -> None:
        if not self.is_open:
            return
        if self.queue.qsize() >= QUEUE_MAX:
            _SLOW.inc()
            self.end()
        else:
            self.queue.put_nowait(arrival)

    def end(self) -> None:
        if self.is_open:
            self.is_open = False
            self.queue.put_nowait(None)


class NatsEventFeed:
    """Implements EventFeed; `run` must run beside it."""

    def __init__(self, jetstream: JetStreamContext, *, heartbeat_s: float) -> None:
        self._jetstream = jetstream
        self._heartbeat_s = heartbeat_s
        self._positions: dict[Stream, int] = {}
        # Until when everything that was stored has been read, in seconds since 1970.
        self._read_until_s: dict[Stream, float] = {}
        self._started = asyncio.Event()
        self._clients: defaultdict[str, set[_Client]] = defaultdict(set)

    async def run(self) -> None:
        """Read the streams until cancelled; then let every client go."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for stream in Stream:
                    tasks.create_task(self._read_for_ever(stream))
        finally:
            self._let_go()

    async def check(self) -> None:
        """Raise unless every stream's position is known; a readiness check."""
        if not self._started.is_set():
            raise ConnectionError("the streams are not read yet")

    async def follow(self, account_id: AccountId, after: Cursor | None) -> AsyncIterator[Delivery]:
        """See EventFeed."""
        await self._wait_started()
        if not _ACCOUNT.fullmatch(account_id):
            raise ValueError("an account id is one token of a subject")
        await self._wait_read(after)
        client = _Client()
        # No await from here to the position: what comes later is in the queue, and nothing else is.
        self._clients[account_id].add(client)
        _CLIENTS.inc()
        try:
            now = self._now()
            async for delivery in self._deliveries(account_id, client, after=after, now=now):
                yield delivery
        finally:
            _CLIENTS.dec()
            self._clients[account_id].discard(client)
            if not self._clients[account_id]:
                del self._clients[account_id]

    async def _deliveries(
        self, account_id: AccountId, client: _Client, *, after: Cursor | None, now: Position
    ) -> AsyncIterator[Delivery]:
        if after is None or not _can_be_followed(after, now):
            yield Delivery(cursor=now, is_fresh=True)
        else:
            yield Delivery(cursor=after)
            caught_up = 0
            try:
                async for delivery in missed_facts(
                    self._jetstream, account_id, after=after, until=now.numbers
                ):
                    yield delivery
                    caught_up += 1
                    if caught_up >= CATCH_UP_MAX:
                        # The client comes back for the rest.
                        return
            except (NatsError, OSError, TimeoutError) as failure:
                log.warning("catching up was interrupted", error=repr(failure))
                return
            yield Delivery(cursor=now)
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    arrival = await client.queue.get()
            except TimeoutError:
                if client.queue.empty():
                    yield Delivery(cursor=self._now())
                continue
            if arrival is None:
                return
            yield arrival

    async def _read_for_ever(self, stream: Stream) -> None:
        while True:
            raise_if_cancelled()
            try:
                await self._read(stream)
            except NotFoundError:
                # Its producer has not made it yet.
                self._place(stream, 0, until_s=time.time())
            except (NatsError, OSError, TimeoutError) as failure:
                log.warning("reading was interrupted", stream=stream.value, error=repr(failure))
            await asyncio.sleep(_RETRY_S)

    async def _read(self, stream: Stream) -> None:
        asked_at_s = time.time()
        last = (await self._jetstream.stream_info(stream.value)).state.last_seq
        known = self._positions.get(stream)
        # A position beyond the end belongs to a stream that was deleted and made anew.
        position = last if known is None else min(known, last)
        self._place(stream, position, until_s=asked_at_s if position == last else None)
        subject = f"tintype.{stream.value.lower()}.v1.>"
        arrived = partial(self._arrived, stream)
        async with live(self._jetstream, stream, subject=subject, after=position, arrived=arrived) as reader:
            while True:
                raise_if_cancelled()
                asked_at_s = time.time()
                if await reader.ask(LIVE_MAX, within_s=FETCH_WAIT_S):
                    # There were fewer: what was stored before it was asked for has come.
                    self._read_until(stream, asked_at_s)

    def _place(self, stream: Stream, position: int, *, until_s: float | None) -> None:
        self._positions[stream] = position
        if until_s is not None:
            self._read_until_s[stream] = until_s
        if len(self._positions) == len(Stream):
            self._started.set()

    def _arrived(self, stream: Stream, message: Msg) -> None:
        sequence = sequence_of(message)
        if sequence <= self._positions[stream]:
            return
        self._positions[stream] = sequence
        self._read_until(stream, stored_at_ms(message) / 1000)
        clients = self._clients.get(message.subject.rpartition(".")[2])
        if not clients or (fact := fact_in(message)) is None:
            return
        place = place_of(stream, message, fact)
        if self._is_far_ahead(place):
            self._let_go()
        for client in clients:
            client.put(Delivery(cursor=place, fact=fact))

    def _read_until(self, stream: Stream, until_s: float) -> None:
        """Note until when all that was stored has been read: messages come in their stored order."""
        self._read_until_s[stream] = max(until_s, self._read_until_s.get(stream, 0.0))

    def _is_far_ahead(self, place: Place) -> bool:
        """Whether who resumes from this place might miss what another reader has yet to read."""
        behind_s = min(self._read_until_s.get(stream, 0.0) for stream in Stream if stream != place.stream)
        return place.at_ms / 1000 - behind_s > LAG_MAX_S

    def _let_go(self) -> None:
        for client in [client for clients in self._clients.values() for client in clients]:
            client.end()

    def _now(self) -> Position:
        return Position(numbers=dict(self._positions), at_ms=int(time.time() * 1000))

    async def _wait_read(self, after: Cursor | None) -> None:
        """Wait a moment when another process, which the client comes from, has read further than this one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_WAIT_S):
                # Each reader moves its own number: there is no single event to wait for.
                while after is not None and _is_beyond(after, self._now()):  # noqa: ASYNC110
                    await asyncio.sleep(_STEP_S)

    async def _wait_started(self) -> None:
        try:
            async with asyncio.timeout(START_WAIT_S):
                await self._started.wait()
        except TimeoutError:
            raise Unavailable("Events are not available right now.", reason="EVENTS_UNAVAILABLE") from None


def _can_be_followed(after: Cursor, now: Position) -> bool:
    """Whether nothing of what comes after it can be gone: it is young, and of the streams that are there."""
    return after.at_ms >= now.at_ms - RESUME_MAX_S * 1000 and not _is_beyond(after, now)


def _is_beyond(after: Cursor, now: Position) -> bool:
    numbers = {after.stream: after.sequence} if isinstance(after, Place) else after.numbers
    return any(number > now.numbers.get(stream, 0) for stream, number in numbers.items())
