"""Events that could not be applied, kept whole: money is never owed to a log line."""

import json

from chassis.events import IncomingEvent
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_KEEP = text(
    """
    INSERT INTO dead_letters (event_id, ce_type, subject, headers, payload, deliveries, error)
    VALUES (:event_id, :ce_type, :subject, CAST(:headers AS jsonb), :payload, :deliveries, :error)
    ON CONFLICT (event_id) DO NOTHING
    """
)


class PostgresDeadLetters:
    """Keeps what the consumer gives up, with the message itself, for a person to look at and apply."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, event: IncomingEvent, failure: Exception) -> None:
        """Store one event; once, however often it is given up. Raises when the database is away: then
        the event is not given up."""
        async with self._engine.begin() as connection:
            await connection.execute(
                _KEEP,
                {
                    "event_id": event.event_id,
                    "ce_type": event.ce_type,
                    "subject": event.subject,
                    "headers": json.dumps(dict(event.headers)),
                    "payload": event.payload,
                    "deliveries": event.deliveries,
                    "error": repr(failure)[:2_000],
                },
            )
