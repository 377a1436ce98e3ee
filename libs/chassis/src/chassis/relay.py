"""The relay: publishes the outbox, whatever breaks meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
import structlog
from prometheus_client import Counter
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import round_trips
from chassis.backoff import backoff_s, jittered
from chassis.events import OutgoingEvent
from chassis.outbox import CHANNEL
from chassis.outbox_gauges import OutboxGauges
from chassis.pipeline import Pipeline
from chassis.process import raise_if_cancelled
from chassis.published_facts import MOVE_PUBLISHED, PublishedFacts
from chassis.shards import SHARDS, Shards
from chassis.silent_peers import patience

_WINDOW_ROWS = 2_000
_POLL_S = 1.0
_WINDOW_EVERY_S = 0.01
_BACKOFF_S, _BACKOFF_MAX_S = 0.2, 15.0
_HOLD_S, _HOLD_MAX_S = 1.0, 300.0
_ERROR_MAX = 2_000

_PUBLISHED = Counter("outbox_published_total", "Facts published and acknowledged")

log = structlog.get_logger(__name__)


class BrokerAway(ConnectionError):
    """The broker did not answer: nobody knows whether it stored the fact, and the fact is not to blame."""


class Unpublishable(Exception):
    """The fact itself is to blame: it can't be published as it is, now or later."""


class HeldBack(Exception):
    """Not attempted: an earlier fact of the same account could not be published."""


class BatchPublisher(Protocol):
    """What the relay needs of a broker."""

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish, each account's events in order; one entry an event: None once acknowledged, else why
        not, which is Unpublishable for those that can't be, HeldBack for those after a failure of the same
        account, and BrokerAway for those that the broker did not answer for."""


class Relay:
    """Publishes the outbox, each account's facts in order. Several may run at once.

    Accounts are spread over shards, and each shard belongs to one relay at a time, by an advisory lock of
    its session: relays that come and go share the shards within a second or two (shards.py). A row leaves the
    outbox only after its acknowledgement, so a crash publishes again and never loses: consumers are
    idempotent. It is kept for a while longer, elsewhere (published_facts.py).
    Rows are read by what is left, never by `id > last`, which loses rows of transactions that commit late.
    A fact that can't be published holds back its own account's later facts, and nobody else's, until it is
    published after all or dropped by a person (held_facts.py).
    """

    def __init__(self, engine: AsyncEngine, table: Table, publisher: BatchPublisher) -> None:
        self._engine = engine
        self._table = table
        self._publisher = publisher
        self._gauges = OutboxGauges(engine, table)
        self._published = PublishedFacts(engine)
        self._wake = asyncio.Event()
        self._failures = 0

    async def run(self) -> None:
        """Relay until cancelled, whatever fails meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._gauges.run())
            tasks.create_task(self._published.run())
            tasks.create_task(self._relay())

    async def _relay(self) -> None:
        while True:
            raise_if_cancelled()
            try:
                await self._lead()
            except Exception as failure:  # noqa: BLE001 - the relay outlives its database and its broker
                self._failures += 1
                log.warning("outbox relay interrupted", error=_reason(failure), failures=self._failures)
                delay_s = backoff_s(self._failures + 1, first_s=_BACKOFF_S, max_s=_BACKOFF_MAX_S)
                await asyncio.sleep(jittered(delay_s))

    async def _lead(self) -> None:
        """Hold locks on one connection and publish until something breaks."""
        async with self._engine.connect() as lock_connection:
            connection = await lock_connection.execution_options(isolation_level="AUTOCOMMIT")
            shards = Shards(round_trips.pipeline_of(connection))
            try:
                await shards.arrive()
                await self._publish_while_leading(shards, connection)
            finally:
                await _left(shards, lock_connection)

    async def _publish_while_leading(self, shards: Shards, connection: AsyncConnection) -> None:
        # The listener is a connection of its own: waiting for a notification occupies it.
        async with asyncio.TaskGroup() as tasks:
            listener: asyncio.Task[None] | None = None
            shared_at = looked_at = -_POLL_S
            goes_on = False
            try:
                while True:
                    raise_if_cancelled()
                    waits = goes_on or self._wake.is_set()
                    self._wake.clear()
                    if time.monotonic() >= shared_at + _POLL_S:
                        # Also proves that the locks' connection, and so the locks, still live.
                        shared_at, waits = time.monotonic(), await shards.share()
                        # Who stands by is told of nothing: each who is told is woken by every commit.
                        if shards.led and listener is None:
                            listener = tasks.create_task(self._listen())
                        elif listener is not None and not shards.led:
                            listener.cancel()
                            listener = None
                    looked_at = time.monotonic()
                    goes_on = waits and await self._publish_window(connection, shards.led)
                    self._failures = 0
                    if goes_on:
                        continue
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, shared_at + _POLL_S - time.monotonic())):
                            await self._wake.wait()
                    # Facts that are committed one after the other are told together; one alone does not wait.
                    await asyncio.sleep(max(0.0, looked_at + _WINDOW_EVERY_S - time.monotonic()))
            finally:
                if listener is not None:
                    listener.cancel()

    async def _publish_window(self, connection: AsyncConnection, shards: frozenset[int]) -> bool:
        """Publish the oldest facts of the shards; return whether more may wait already.

        All of it on the connection that has the locks. No fact is told late because requests wait for every
        other connection, and one that has lost its locks moves nothing. Each statement is whole by itself: a
        fact that was published and not moved is published again, as after a crash.
        """
        pipeline = round_trips.pipeline_of(connection)
        rows = await self._oldest(pipeline, shards) if shards else []
        if not rows:
            return False
        events = [_to_event(row) for row in rows]
        outcomes = await self._publisher.publish_many(events)
        published = [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        unpublishable = [
            (row, outcome)
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome is not None and not isinstance(outcome, BrokerAway | HeldBack)
        ]
        if published:
            pipeline.ask(MOVE_PUBLISHED, {"ids": published})
            await pipeline.answers()
        for row, why in unpublishable:
            await self._hold(connection, row, why)
        _PUBLISHED.inc(len(published))
        if away := next((one for one in outcomes if isinstance(one, BrokerAway)), None):
            # Another relay may reach the broker: it gets the shards.
            raise away
        return len(rows) == _WINDOW_ROWS and bool(published or unpublishable)

    async def _oldest(self, pipeline: Pipeline, shards: frozenset[int]) -> Sequence[Any]:
        """Read the oldest facts that may be published now: none that waits for a held one of its account."""
        led = None if len(shards) == SHARDS else sorted(shards)
        rows = pipeline.ask(_OLDEST if led is None else _OLDEST_LED, {"shards": led})
        await pipeline.answers()
        return rows

    async def _hold(self, connection: AsyncConnection, row: Any, why: Exception) -> None:
        """Let the account wait, longer each time; the others go on. It is told once."""
        if not row.failures:
            log.error("a fact can't be published: its account's facts wait for it", subject=row.subject,
                      event_id=row.ce_id, type=row.ce_type, error=str(why))  # fmt: skip
        await connection.execute(
            _HOLD,
            {
                "id": row.id,
                "error": (str(why) or repr(why))[:_ERROR_MAX],
                "after_s": backoff_s(row.failures + 1, first_s=_HOLD_S, max_s=_HOLD_MAX_S),
            },
        )

    async def _listen(self) -> None:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, **patience(url)) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            # What was committed since the last look and before this was told to nobody.
            self._wake.set()
            heard, loop = asyncio.Event(), asyncio.get_running_loop()
            # Asked for once: a connection that was lost closes it, and knows its number no more.
            socket = connection.fileno()
            while connection.pgconn.status == psycopg.pq.ConnStatus.OK:
                heard.clear()
                # Not as psycopg waits: it wakes ten times a second to see whether somebody wants it to end.
                # Watched anew each time: uvloop tells of a socket with an error once.
                loop.add_reader(socket, heard.set)
                try:
                    await heard.wait()
                finally:
                    # Whatever is opened next has the same number, and would hear nothing.
                    loop.remove_reader(socket)
                connection.pgconn.consume_input()
                while connection.pgconn.notifies() is not None:
                    self._wake.set()
        raise ConnectionError("the outbox listener lost its connection")


# Nearly always nothing is held, and then nothing has to be compared: the first look is one for all rows.
_ACCOUNT = r"coalesce(substring({0}.subject from '^(?:[^.]*[.]){{4}}(.*)$'), {0}.subject)"
_OLDEST_OF = """
    SELECT id, subject, ce_id, ce_type, ce_source, ce_time, headers, payload, failures
      FROM outbox
     WHERE {led} (
        NOT (SELECT EXISTS (SELECT FROM outbox AS held WHERE held.retry_at IS NOT NULL))
        OR (
            (outbox.retry_at IS NULL OR outbox.retry_at <= now())
            AND NOT EXISTS (
                SELECT FROM outbox AS held
                 WHERE held.retry_at IS NOT NULL AND held.id < outbox.id AND {held} = {account}
            )
        )
     )
     ORDER BY id LIMIT {rows}
"""
_WORDS = {"held": _ACCOUNT.format("held"), "account": _ACCOUNT.format("outbox"), "rows": _WINDOW_ROWS}
_OLDEST = _OLDEST_OF.format(led="", **_WORDS)
_OLDEST_LED = _OLDEST_OF.format(
    led=f"abs(hashtext(split_part(subject, '.', -1)) %% {SHARDS}) = ANY(%(shards)s::int[]) AND", **_WORDS
)
_HOLD = text(
    "UPDATE outbox SET failures = failures + 1, error = :error,"
    " retry_at = now() + CAST(:after_s AS float) * interval '1 second' WHERE id = :id"
)


def _reason(failure: BaseException) -> str:
    """Say what went wrong inside of a group, not that it was a group."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return repr(failure)


async def _left(shards: Shards, connection: AsyncConnection) -> None:
    """Give the locks up. They are the session's: one that may have them still is not lent to anybody else."""
    has_left = False
    try:
        await shards.leave()
        has_left = True
    except Exception as failure:  # noqa: BLE001 - what ended the leading is told, and this ends with it
        log.warning("outbox relay could not leave", error=_reason(failure))
    finally:
        if not has_left:
            await connection.invalidate()


def _to_event(row: Any) -> OutgoingEvent:
    return OutgoingEvent(
        subject=row.subject,
        ce_type=row.ce_type,
        source=row.ce_source,
        payload=row.payload,
        event_id=row.ce_id,
        time=row.ce_time,
        headers=row.headers,
    )
