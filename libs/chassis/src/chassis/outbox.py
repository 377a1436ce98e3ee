"""The outbox: facts committed with their effect, and the relay that publishes them afterwards."""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import psycopg
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.events import OutgoingEvent
from chassis.process import raise_if_cancelled

OUTBOX_DDL = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    ce_id text NOT NULL UNIQUE,
    ce_type text NOT NULL,
    ce_source text NOT NULL,
    ce_time timestamptz NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)
"""

CHANNEL = "outbox"
# Any numbers that nothing else in the same database locks: one for being there, one for each shard.
_PRESENCE_LOCK = 7_305_202_600
_SHARD_LOCK = 7_305_202_610
SHARDS = 8
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
_SHARDS_LED = Gauge("outbox_shards", "Shards of the outbox that this process publishes")

log = structlog.get_logger(__name__)


class BatchPublisher(Protocol):
    """What the relay needs of a broker."""

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish, each account's events in order; one entry an event: None once acknowledged, else why
        not, which is HeldBack for those after a failure of the same account."""


def outbox_table(metadata: MetaData) -> Table:
    """Return the outbox as a SQLAlchemy table."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("subject", Text, nullable=False),
        Column("ce_id", Text, nullable=False),
        Column("ce_type", Text, nullable=False),
        Column("ce_source", Text, nullable=False),
        Column("ce_time", DateTime(timezone=True), nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), server_default=func.now()),
    )


async def append(conn: AsyncConnection, table: Table, event: OutgoingEvent) -> None:
    """Store a fact in the caller's transaction and wake the relays once that commits."""
    await append_many(conn, table, [event])


async def append_many(conn: AsyncConnection, table: Table, events: Sequence[OutgoingEvent]) -> None:
    """Store facts in the caller's transaction and wake the relays once, when that commits."""
    if not events:
        return
    rows = [
        {
            "subject": event.subject,
            "ce_id": event.event_id,
            "ce_type": event.ce_type,
            "ce_source": event.source,
            "ce_time": event.time,
            "headers": dict(event.headers),
            "payload": event.payload,
        }
        for event in events
    ]
    await conn.execute(insert(table), rows)
    await conn.execute(text(f"NOTIFY {CHANNEL}"))


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
                _SHARDS_LED.set(0)
                log.warning("outbox relay interrupted", error=_reason(failure), failures=self._failures)
                await asyncio.sleep(_backoff_s(self._failures) * random.uniform(0.5, 1))

    async def _lead(self) -> None:
        """Hold locks on one connection and publish until something breaks."""
        async with self._engine.connect() as lock_connection:
            connection = await lock_connection.execution_options(isolation_level="AUTOCOMMIT")
            shards = _Shards(connection)
            try:
                await shards.arrive()
                await self._publish_while_leading(shards)
            finally:
                with contextlib.suppress(Exception):
                    await connection.execute(text("SELECT pg_advisory_unlock_all()"))

    async def _publish_while_leading(self, shards: "_Shards") -> None:
        # The listener is a connection of its own: waiting for a notification occupies it.
        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(self._listen())
            try:
                while True:
                    raise_if_cancelled()
                    self._wake.clear()
                    # Also proves that the locks' connection, and so the locks, still live.
                    await shards.share()
                    published = await self._publish_window(shards.led)
                    self._failures = 0
                    await self._measure()
                    if published == _WINDOW_ROWS:
                        continue
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_S):
                            await self._wake.wait()
            finally:
                listener.cancel()

    async def _publish_window(self, shards: frozenset[int]) -> int:
        """Publish the oldest facts of the shards; return how many were published."""
        rows = await self._oldest(shards) if shards else []
        if not rows:
            return 0
        outcomes = await self._publisher.publish_many([_to_event(row) for row in rows])
        published = [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        if published:
            async with self._engine.begin() as connection:
                await connection.execute(_DELETE, {"ids": published})
            _PUBLISHED.inc(len(published))
        self._note(rows, outcomes)
        if not published:
            raise ConnectionError(f"nothing could be published: {outcomes[0]!r}")
        return len(published)

    async def _oldest(self, shards: frozenset[int]) -> Sequence[Row[tuple[object, ...]]]:
        now = time.monotonic()
        held_back = [account for account, one in self._blocked.items() if one.until > now]
        query = select(self._table).order_by(self._table.c.id).limit(_WINDOW_ROWS)
        if len(shards) < SHARDS:
            shard = func.abs(func.hashtext(_account(self._table)) % SHARDS)
            query = query.where(shard.in_(sorted(shards)))
        if held_back:
            query = query.where(_account(self._table).not_in(held_back))
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).all()

    def _note(self, rows: Sequence[Row[tuple[object, ...]]], outcomes: Sequence[Exception | None]) -> None:
        """Let an account whose fact failed wait, longer each time; the others go on."""
        failed: set[str] = set()
        for row, outcome in zip(rows, outcomes, strict=True):
            account = row.subject.rpartition(".")[2]
            if outcome is None:
                self._blocked.pop(account, None)
            elif account not in failed:
                failed.add(account)
                self._block(account, row.subject, outcome)
        _HELD_BACK.set(len(self._blocked))

    def _block(self, account: str, subject: str, failure: Exception) -> None:
        failures = self._blocked[account].failures + 1 if account in self._blocked else 1
        log.warning("fact not published", subject=subject, failures=failures, error=repr(failure))
        if len(self._blocked) < _BLOCKED_MAX:
            until = time.monotonic() + _backoff_s(failures)
            self._blocked[account] = _Blocked(failures=failures, until=until)

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


class HeldBack(Exception):
    """Not attempted: an earlier fact of the same account could not be published."""


@dataclass(frozen=True, slots=True)
class _Blocked:
    """An account whose next fact failed, and until when it is left alone."""

    failures: int
    until: float


class _Shards:
    """The shards that this relay leads, locked by one session."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.led: frozenset[int] = frozenset()

    async def arrive(self) -> None:
        """Be counted by the other relays."""
        await self._connection.execute(text(f"SELECT pg_advisory_lock_shared({_PRESENCE_LOCK})"))

    async def share(self) -> None:
        """Give up shards when there are more relays than before, take free ones when there are fewer."""
        relays = await self._connection.scalar(_RELAYS)
        share = math.ceil(SHARDS / max(1, relays or 1))
        led = set(self.led)
        for shard in sorted(led)[share:]:
            await self._connection.execute(text(f"SELECT pg_advisory_unlock({_SHARD_LOCK + shard})"))
            led.discard(shard)
        for shard in random.sample(range(SHARDS), SHARDS):
            if len(led) >= share:
                break
            lock = text(f"SELECT pg_try_advisory_lock({_SHARD_LOCK + shard})")
            if shard not in led and await self._connection.scalar(lock):
                led.add(shard)
        self.led = frozenset(led)
        _SHARDS_LED.set(len(led))


# One array: thousands of parameters would take longer to read than the rows to delete.
_DELETE = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS bigint[]))")

# A bigint lock shows as two halves in pg_locks.
_RELAYS = text(
    f"""
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND classid::bigint = {_PRESENCE_LOCK >> 32} AND objid::bigint = {_PRESENCE_LOCK & 0xFFFFFFFF}
    """  # noqa: S608 - our own constants
)


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
