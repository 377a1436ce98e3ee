"""The outbox: facts committed with their effect, for a relay to publish afterwards."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    FromClause,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import round_trips
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

# Why a fact could not be published, and when it is tried again; the same account's later facts wait for it.
HELD_FACTS_DDL = """
ALTER TABLE outbox ADD COLUMN failures integer NOT NULL DEFAULT 0, ADD COLUMN error text,
    ADD COLUMN retry_at timestamptz;
CREATE INDEX outbox_held_facts ON outbox (id) WHERE retry_at IS NOT NULL;
"""
# What the service's role may change of a fact.
HELD_FACTS_COLUMNS = "failures, error, retry_at"

CHANNEL = "outbox"
WAKE = text(f"NOTIFY {CHANNEL}")
_WAKE_LATER = "SELECT pg_notify('outbox', '')"
_INSERT = """
    INSERT INTO outbox (subject, ce_id, ce_type, ce_source, ce_time, headers, payload)
    VALUES (%(subject)s, %(ce_id)s, %(ce_type)s, %(ce_source)s, %(ce_time)s, %(headers)s, %(payload)s)
"""


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
        Column("failures", Integer, server_default="0"),
        Column("error", Text),
        Column("retry_at", DateTime(timezone=True)),
    )


def account_column(table: FromClause) -> ColumnElement[str]:
    """Return the account that a fact is about, as `events.account_of` has it."""
    return func.coalesce(
        func.substring(table.c.subject, r"^(?:[^.]*[.]){4}(.*)$", type_=Text), table.c.subject, type_=Text
    )


async def append(conn: AsyncConnection, table: Table, event: OutgoingEvent) -> None:
    """Store a fact in the caller's transaction and wake the relays once that commits."""
    await append_many(conn, table, [event])


async def append_many(conn: AsyncConnection, table: Table, events: Sequence[OutgoingEvent]) -> None:
    """Store facts in the caller's transaction and wake the relays once, when that commits.

    In a `postgres.transaction` they travel with its commit.
    """
    if not events:
        return
    way = round_trips.of(conn)
    if way is None:
        await conn.execute(insert(table), [_row(event) for event in events])
        await conn.execute(WAKE)
        return
    for event in events:
        row = _row(event)
        way.later(_INSERT, row | {"headers": Jsonb(row["headers"])})
    way.once(_WAKE_LATER)


def _row(event: OutgoingEvent) -> dict[str, Any]:
    return {
        "subject": event.subject,
        "ce_id": event.event_id,
        "ce_type": event.ce_type,
        "ce_source": event.source,
        "ce_time": event.time,
        "headers": dict(event.headers),
        "payload": event.payload,
    }
