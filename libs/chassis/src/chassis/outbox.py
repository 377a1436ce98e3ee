"""The outbox: facts committed with their effect, for a relay to publish afterwards."""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
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
