"""The inbox: which events a consumer has handled, written in the transaction of their effect."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import round_trips

INBOX_DDL = """
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
)
"""
_INSERT = """
    INSERT INTO inbox (consumer, event_id) VALUES (%(consumer)s, %(event_id)s)
    ON CONFLICT DO NOTHING RETURNING event_id
"""
# The same for events in one order, so that no two who record several wait for each other.
RECORD_MANY = """
    INSERT INTO inbox (consumer, event_id) SELECT %(consumer)s, unnest(%(event_ids)s::text[])
    ON CONFLICT DO NOTHING RETURNING event_id
"""


def inbox_table(metadata: MetaData) -> Table:
    """Return the inbox as a SQLAlchemy table."""
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Text, primary_key=True),
        Column("received_at", DateTime(timezone=True), server_default=func.now()),
    )


async def first_time(conn: AsyncConnection, table: Table, *, consumer: str, event_id: str) -> bool:
    """Record an event as handled and say whether it was new; False means: do nothing, acknowledge.

    A second transaction with the same event waits here until the first one ends.
    """
    if (way := round_trips.of(conn)) is not None:
        return bool(await way.ask(_INSERT, {"consumer": consumer, "event_id": event_id}))
    statement = insert(table).values(consumer=consumer, event_id=event_id).on_conflict_do_nothing()
    return await conn.scalar(statement.returning(table.c.event_id)) is not None


# Streams keep messages for 14 days, so nothing older can be delivered again.
KEPT_DAYS = 30
_PRUNE_ROWS = 5_000


async def prune(engine: AsyncEngine, table: Table) -> int:
    """Forget events that can't come again, a bounded number a transaction; return how many."""
    key = (table.c.consumer, table.c.event_id)
    old = select(*key).where(table.c.received_at < text(f"now() - interval '{KEPT_DAYS} days'"))
    statement = delete(table).where(tuple_(*key).in_(old.limit(_PRUNE_ROWS)))
    pruned = 0
    while True:
        async with engine.begin() as connection:
            rows = (await connection.execute(statement)).rowcount
        pruned += rows
        if rows < _PRUNE_ROWS:
            return pruned
