"""The relay: publishes the outbox, whatever breaks meanwhile."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import psycopg
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import ColumnElement, Row, Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.events import OutgoingEvent
from chassis.outbox import CHANNEL
from chassis.process import raise_if_cancelled
from chassis.shards import SHARDS, Shards

_WINDOW_ROWS = 2_000
_POLL_S = 1.0
_MEASURE_EVERY_S = 5.0
_BACKLOG_MAX = 100_000
_BACKOFF_S, _BACKOFF_MAX_S = 0.2, 15.0
_BLOCKED_MAX = 1_000

_OLDEST = Gauge("outbox_oldest_age_seconds", "Age of the oldest fact that waits to be published")
_BACKLOG = Gauge("outbox_backlog_events", "Facts that wait to be published, counted up to 100,000")
_PUBLISHED = Counter("outbox_published_total", "Facts published and acknowledged")
_HELD_BACK = Gauge("outbox_held_back_accounts", "Accounts whose next fact could not be published")

log = structlog.get_logger(__name__)


class BrokerAway(ConnectionError):
    """The broker did not answer: nobody knows whether it stored the fact, and the fact is not to blame."""


class HeldBack(Exception):
    """Not attempted: an earlier fact of the same account could not be published."""


class BatchPublisher(Protocol):
    """What the relay needs of a broker."""

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish, each account's events in order; one entry an event: None once acknowledged, else why
        not, which is HeldBack for those after a failure of the same account, and BrokerAway for those that
        the broker did not answer for."""


class Relay:
    """Publishes the outbox, each account's facts in order. Several may run at once.

    Accounts are spread over shards, and each shard belongs to one relay at a time, by an advisory lock of
    its session: relays that come and go share the shards evenly within a second or two. A row is deleted
    only after its acknowledgement, so a crash publishes again and never loses: consumers are idempotent.
    Rows are read by what is left, never by `id > last`, which loses rows of transactions that commit late.
    A fact that can't be published holds back its own account's later facts, and nobody else's.
    """

    def __init__(self, engine: AsyncEngine, table: Table, publisher: BatchPublisher) -> None:
        self._engine = engine
        self._table = table
        self._publisher = publisher
        self._wake = asyncio.Event()
        self._failures = 0
        self._blocked: dict[str, _Blocked] = {}
        self._measured_at = 0.0

    async def run(self) -> None:
        """Relay until cancelled, whatever fails meanwhile."""
        while True:
            raise_if_cancelled()
            try:
                await self._lead()
            except Exception as failure:  # noqa: BLE001 - the relay outlives its database and its broker
                self._failures += 1
                log.warning("outbox relay interrupted", error=_reason(failure), failures=self._failures)
                await asyncio.sleep(_backoff_s(self._failures) * random.uniform(0.5, 1))

    async def _lead(self) -> None:
        """Hold locks on one connection and publish until something breaks."""
        async with self._engine.connect() as lock_connection:
            connection = await lock_connection.execution_options(isolation_level="AUTOCOMMIT")
            shards = Shards(connection)
            try:
                await shards.arrive()
                await self._publish_while_leading(shards)
            finally:
                with contextlib.suppress(Exception):
                    await shards.leave()

    async def _publish_while_leading(self, shards: Shards) -> None:
        # The listener is a connection of its own: waiting for a notification occupies it.
        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(self._listen())
            try:
                while True:
                    raise_if_cancelled()
                    self._wake.clear()
                    # Also proves that the locks' connection, and so the locks, still live.
                    await shards.share()
                    goes_on = await self._publish_window(shards.led)
                    self._failures = 0
                    await self._measure()
                    if goes_on:
                        continue
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_S):
                            await self._wake.wait()
            finally:
                listener.cancel()

    async def _publish_window(self, shards: frozenset[int]) -> bool:
        """Publish the oldest facts of the shards; return whether more may wait already."""
        rows = await self._oldest(shards) if shards else []
        if not rows:
            return False
        events = [_to_event(row) for row in rows]
        outcomes = await self._publisher.publish_many(events)
        published = [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        if published:
            async with self._engine.begin() as connection:
                await connection.execute(_DELETE, {"ids": published})
            _PUBLISHED.inc(len(published))
        self._note(events, outcomes)
        if away := next((one for one in outcomes if isinstance(one, BrokerAway)), None):
            # Another relay may reach the broker: it gets the shards.
            raise away
        return bool(published) and len(rows) == _WINDOW_ROWS

    async def _oldest(self, shards: frozenset[int]) -> Sequence[Row[tuple[object, ...]]]:
        now = time.monotonic()
        # One that was not tried again has nothing left to publish.
        self._blocked = {
            account: one for account, one in self._blocked.items() if one.until > now - _BACKOFF_MAX_S
        }
        held_back = [account for account, one in self._blocked.items() if one.until > now]
        query = select(self._table).order_by(self._table.c.id).limit(_WINDOW_ROWS)
        if len(shards) < SHARDS:
            shard = func.abs(func.hashtext(_account(self._table)) % SHARDS)
            query = query.where(shard.in_(sorted(shards)))
        if held_back:
            query = query.where(_account(self._table).not_in(held_back))
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).all()

    def _note(self, events: Sequence[OutgoingEvent], outcomes: Sequence[Exception | None]) -> None:
        """Let an account whose fact failed wait, longer each time; the others go on."""
        failed: set[str] = set()
        for event, outcome in zip(events, outcomes, strict=True):
            if outcome is None:
                self._blocked.pop(event.account, None)
            elif event.account not in failed and not isinstance(outcome, BrokerAway):
                failed.add(event.account)
                self._block(event, outcome)
        _HELD_BACK.set(len(self._blocked))

    def _block(self, event: OutgoingEvent, failure: Exception) -> None:
        blocked = self._blocked.get(event.account)
        failures = blocked.failures + 1 if blocked else 1
        log.warning("fact not published", subject=event.subject, failures=failures, error=repr(failure))
        if len(self._blocked) < _BLOCKED_MAX:
            until = time.monotonic() + _backoff_s(failures)
            self._blocked[event.account] = _Blocked(failures=failures, until=until)

    async def _measure(self) -> None:
        """Measure the whole outbox, whoever publishes it."""
        if time.monotonic() - self._measured_at < _MEASURE_EVERY_S:
            return
        self._measured_at = time.monotonic()
        counted = select(self._table.c.id).limit(_BACKLOG_MAX).subquery()
        oldest = select(self._table.c.created_at).order_by(self._table.c.id).limit(1)
        async with self._engine.begin() as connection:
            backlog = await connection.scalar(select(func.count()).select_from(counted))
            created_at = await connection.scalar(oldest)
        _BACKLOG.set(backlog or 0)
        _OLDEST.set(max(0.0, time.time() - created_at.timestamp()) if created_at else 0.0)

    async def _listen(self) -> None:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for _ in connection.notifies():
                self._wake.set()
        raise ConnectionError("the outbox listener lost its connection")


@dataclass(frozen=True, slots=True)
class _Blocked:
    """An account whose next fact failed, and until when it is left alone."""

    failures: int
    until: float


# One array: thousands of parameters would take longer to read than the rows to delete.
_DELETE = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")


def _account(table: Table) -> ColumnElement[str]:
    """The account that a fact is about: the last word of its subject."""
    return func.split_part(table.c.subject, ".", -1)


def _backoff_s(failures: int) -> float:
    return float(min(_BACKOFF_MAX_S, _BACKOFF_S * 2 ** min(failures, 10)))


def _reason(failure: BaseException) -> str:
    """Say what went wrong inside of a group, not that it was a group."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return repr(failure)


def _to_event(row: Row[tuple[object, ...]]) -> OutgoingEvent:
    return OutgoingEvent(
        subject=row.subject,
        ce_type=row.ce_type,
        source=row.ce_source,
        payload=row.payload,
        event_id=row.ce_id,
        time=row.ce_time,
        headers=row.headers,
    )
