"""Reads stored webhooks on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import to_cause, to_webhook
from billing.domain.identifiers import EventId
from billing.domain.webhook_event import IgnoredCause, StoredWebhook, WebhookState


class PostgresWebhookReader:
    """Implements WebhookReader."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def webhooks(self, *, state: WebhookState | None, limit: int) -> Sequence[StoredWebhook]:
        """Return webhooks, newest first, without their bodies."""
        table = tables.webhook_events
        query = select(*(column for column in table.c if column.name != "body"))
        if state is not None:
            query = query.where(table.c.state == state.value)
        query = query.order_by(table.c.received_at.desc(), table.c.event_id).limit(limit)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return [to_webhook(row) for row in await connection.execute(query)]

    async def webhook(self, event_id: EventId) -> StoredWebhook | None:
        """Return one webhook, whole."""
        table = tables.webhook_events
        query = select(table).where(table.c.event_id == event_id)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(query)).first()
        return to_webhook(row) if row else None

    async def webhook_counts(self) -> Mapping[tuple[WebhookState, IgnoredCause | None], int]:
        """Return how many there are, by state and cause."""
        table = tables.webhook_events
        query = select(table.c.state, table.c.cause, func.count().label("number"))
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            rows = await connection.execute(query.group_by(table.c.state, table.c.cause))
            return {(WebhookState(row.state), to_cause(row.cause)): row.number for row in rows}

    async def oldest_waiting_webhook(self) -> datetime | None:
        """Return when the oldest one that waits was received."""
        table = tables.webhook_events
        query = select(func.min(table.c.received_at)).where(table.c.state == WebhookState.WAITING.value)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            found: datetime | None = await connection.scalar(query)
        return found
