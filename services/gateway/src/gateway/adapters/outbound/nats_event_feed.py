"""The event feed from JetStream: one live reader of each stream a process, fanned out to its clients.

A client that resumes first gets what it missed through a consumer of its own, up to where the live reader
stood when it came; what the live reader delivers after that waits in its queue meanwhile.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator

import structlog
from chassis.process import raise_if_cancelled
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from prometheus_client import Counter, Gauge

from gateway.adapters.outbound.event_facts import fact_of
from gateway.adapters.outbound.nats_streams import reading, sequence_of
from gateway.domain.errors import Unavailable
from gateway.domain.event import Cursor, Delivery, Fact, Stream

log = structlog.get_logger(__name__)

_CLIENTS = Gauge("gateway_event_streams_open", "Clients that follow events now")
_SLOW = Counter("gateway_event_streams_slow_total", "Clients disconnected because they read too slowly")

QUEUE_MAX = 256
CATCH_UP_MAX = 10_000
START_WAIT_S = 3.0
_RETRY_S = 0.5
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,128}")

Arrival = tuple[Stream, int, Fact]


class _Client:
    """What one connection has yet to read; None at the end of the queue ends it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Arrival | None] = asyncio.Queue()
        self.is_open = True

    def put(self, arrival: Arrival) -> None:
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
        self._started = asyncio.Event()
        self._clients: defaultdict[str, set[_Client]] = defaultdict(set)

    async def run(self) -> None:
        """Read the streams until cancelled; then let every client go."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for stream in Stream:
                    tasks.create_task(self._read_for_ever(stream))
        finally:
            for client in [one for clients in self._clients.values() for one in clients]:
                client.end()

    async def check(self) -> None:
        """Raise unless every stream's position is known; a readiness check."""
        if not self._started.is_set():
            raise ConnectionError("the streams are not read yet")

    async def follow(self, account_id: str, after: Cursor | None) -> AsyncIterator[Delivery]:
        """See EventFeed."""
        await self._wait_started()
        if not _ACCOUNT.fullmatch(account_id):
            raise ValueError("an account id is one token of a subject")
        client = _Client()
        # No await from here to the position: what comes later is in the queue, and nothing else is.
        self._clients[account_id].add(client)
        _CLIENTS.inc()
        try:
            now = self._cursor()
            async for delivery in self._deliveries(account_id, client, after=after, now=now):
                yield delivery
        finally:
            _CLIENTS.dec()
            self._clients[account_id].discard(client)
            if not self._clients[account_id]:
                del self._clients[account_id]

    async def _deliveries(
        self, account_id: str, client: _Client, *, after: Cursor | None, now: Cursor
    ) -> AsyncIterator[Delivery]:
        cursor = _not_beyond(after, now) if after is not None else now
        yield Delivery(cursor=cursor)
        caught_up = 0
        for stream in Stream:
            try:
                async for sequence, fact in self._missed(
                    account_id, stream, after=cursor.position(stream), until=now.position(stream)
                ):
                    cursor = cursor.moved(stream, sequence)
                    yield Delivery(cursor=cursor, fact=fact)
                    caught_up += 1
                    if caught_up >= CATCH_UP_MAX:
                        # The client comes back for the rest.
                        return
            except (NatsError, OSError, TimeoutError) as failure:
                log.warning("catching up was interrupted", stream=stream.value, error=repr(failure))
                return
            cursor = cursor.moved(stream, now.position(stream))
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    arrival = await client.queue.get()
            except TimeoutError:
                if client.queue.empty():
                    cursor = self._cursor()
                    yield Delivery(cursor=cursor)
                continue
            if arrival is None:
                return
            stream, sequence, fact = arrival
            cursor = cursor.moved(stream, sequence)
            yield Delivery(cursor=cursor, fact=fact)

    async def _missed(
        self, account_id: str, stream: Stream, *, after: int, until: int
    ) -> AsyncIterator[tuple[int, Fact]]:
        if after >= until:
            return
        subject = f"tintype.{stream.value.lower()}.v1.*.{account_id}"
        async with reading(self._jetstream, stream, subject=subject, after=after) as missed:
            left = missed.pending
            while left > 0:
                messages = await missed.fetch()
                left -= len(messages)
                for message in messages:
                    sequence = sequence_of(message)
                    if sequence > until:
                        return
                    if (fact := _fact(message)) is not None:
                        yield sequence, fact

    async def _read_for_ever(self, stream: Stream) -> None:
        while True:
            try:
                await self._read(stream)
            except NotFoundError:
                # Its producer has not made it yet.
                self._place(stream, 0)
            except (NatsError, OSError, TimeoutError) as failure:
                log.warning("reading was interrupted", stream=stream.value, error=repr(failure))
            await asyncio.sleep(_RETRY_S)

    async def _read(self, stream: Stream) -> None:
        last = (await self._jetstream.stream_info(stream.value)).state.last_seq
        # A position beyond the end belongs to a stream that was deleted and made anew.
        self._place(stream, min(self._positions.get(stream, last), last))
        subject = f"tintype.{stream.value.lower()}.v1.>"
        async with reading(self._jetstream, stream, subject=subject, after=self._positions[stream]) as live:
            while True:
                raise_if_cancelled()
                for message in await live.fetch():
                    self._arrived(stream, message)

    def _place(self, stream: Stream, position: int) -> None:
        self._positions[stream] = position
        if len(self._positions) == len(Stream):
            self._started.set()

    def _arrived(self, stream: Stream, message: Msg) -> None:
        sequence = sequence_of(message)
        if sequence <= self._positions[stream]:
            return
        self._positions[stream] = sequence
        clients = self._clients.get(message.subject.rpartition(".")[2])
        if clients and (fact := _fact(message)) is not None:
            for client in clients:
                client.put((stream, sequence, fact))

    def _cursor(self) -> Cursor:
        cursor = Cursor()
        for stream, position in self._positions.items():
            cursor = cursor.moved(stream, position)
        return cursor

    async def _wait_started(self) -> None:
        try:
            async with asyncio.timeout(START_WAIT_S):
                await self._started.wait()
        except TimeoutError:
            raise Unavailable("Events are not available right now.", reason="EVENTS_UNAVAILABLE") from None


def _fact(message: Msg) -> Fact | None:
    return fact_of((message.headers or {}).get("ce-type", ""), message.data)


def _not_beyond(after: Cursor, now: Cursor) -> Cursor:
    for stream in Stream:
        after = after.moved(stream, min(after.position(stream), now.position(stream)))
    return after
