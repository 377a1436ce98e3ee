"""The outbox: facts committed with their effect, and the relay that publishes them afterwards."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from typing import Protocol

import psycopg
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.events import OutgoingEvent

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
# Any number that nothing else in the same database locks.
_LEADER_LOCK = 7_305_202_601
_WINDOW_ROWS = 500
_POLL_S = 1.0
_BACKOFF_MAX_S = 15.0

_OLDEST = Gauge("outbox_oldest_age_seconds", "Age of the oldest fact that waits to be published")
_BACKLOG = Gauge("outbox_backlog_events", "Facts that wait to be published, up to one window")
_PUBLISHED = Counter("outbox_published_total", "Facts published and acknowledged")

log = structlog.get_logger(__name__)


class BatchPublisher(Protocol):
    """What the relay needs of a broker."""

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish in order, pipelined; one entry an event: None once acknowledged, else why not."""


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
    """Store a fact in the caller's transaction and wake the relay once that commits."""
    await conn.execute(
        insert(table).values(
            subject=event.subject,
            ce_id=event.event_id,
            ce_type=event.ce_type,
            ce_source=event.source,
            ce_time=event.time,
            headers=dict(event.headers),
            payload=event.payload,
        )
    )
    await conn.execute(text(f"NOTIFY {CHANNEL}"))


class Relay:
    """Publishes the outbox in order. Several may run; one at a time is active, by an advisory lock.

    A row is deleted only after its acknowledgement, so a crash publishes again and never loses:
    consumers are idempotent. Rows are read by what is left, never by `id > last`, which loses rows
    of transactions that commit late.
    """

    def __init__(self, engine: AsyncEngine, table: Table, publisher: BatchPublisher) -> None:
        self._engine = engine
        self._table = table
        self._publisher = publisher
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled, whatever fails meanwhile."""
        failures = 0
        while True:
            try:
                await self._lead()
            except Exception as failure:  # noqa: BLE001 - the relay outlives its database and its broker
                failures += 1
                log.warning("outbox relay interrupted", error=str(failure), failures=failures)
                await asyncio.sleep(min(_BACKOFF_MAX_S, 0.2 * 2**failures) * random.uniform(0.5, 1))
            else:
                failures = 0

    async def _lead(self) -> None:
        """Hold the lock on one connection and publish until something breaks."""
        async with self._engine.connect() as lock_connection:
            connection = await lock_connection.execution_options(isolation_level="AUTOCOMMIT")
            held = await connection.scalar(text(f"SELECT pg_try_advisory_lock({_LEADER_LOCK})"))
            if not held:
                await asyncio.sleep(_POLL_S)
                return
            try:
                await self._publish_while_leading(connection)
            finally:
                with contextlib.suppress(Exception):
                    await connection.execute(text(f"SELECT pg_advisory_unlock({_LEADER_LOCK})"))

    async def _publish_while_leading(self, connection: AsyncConnection) -> None:
        # The listener is a connection of its own: waiting for a notification occupies it.
        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(self._listen())
            try:
                while True:
                    self._wake.clear()
                    # Also proves that the lock's connection, and so the lock, still lives.
                    await connection.execute(text("SELECT 1"))
                    if await self._publish_window() == _WINDOW_ROWS:
                        continue
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), timeout=_POLL_S)
            finally:
                listener.cancel()

    async def _publish_window(self) -> int:
        async with self._engine.begin() as connection:
            query = select(self._table).order_by(self._table.c.id).limit(_WINDOW_ROWS)
            rows = (await connection.execute(query)).all()
        _BACKLOG.set(len(rows))
        _OLDEST.set(max(0.0, time.time() - rows[0].created_at.timestamp()) if rows else 0.0)
        if not rows:
            return 0
        outcomes = await self._publisher.publish_many([_to_event(row) for row in rows])
        failed = next((place for place, outcome in enumerate(outcomes) if outcome is not None), len(rows))
        if failed:
            ids = [row.id for row in rows[:failed]]
            async with self._engine.begin() as connection:
                await connection.execute(delete(self._table).where(self._table.c.id.in_(ids)))
            _PUBLISHED.inc(failed)
        if failed < len(rows):
            raise RuntimeError(f"publishing stopped at {rows[failed].subject}: {outcomes[failed]!r}")
        return len(rows)

    async def _listen(self) -> None:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for _ in connection.notifies():
                self._wake.set()
        raise ConnectionError("the outbox listener lost its connection")


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
