"""The part of the unit of work about webhooks, on PostgreSQL."""

from datetime import datetime
from typing import Any

from chassis.claims import first_unclaimed
from sqlalchemy import Integer, Label, and_, cast, func, literal_column, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import SUBJECT_COLUMNS, from_cause, from_subject, to_webhook
from billing.domain.identifiers import EventId
from billing.domain.webhook_event import Stored, WebhookEvent, WebhookOutcome, WebhookState

_HELD_BACK = (WebhookState.PARKED.value, WebhookState.IGNORED.value)
_FINISHED = (WebhookState.DONE.value, WebhookState.IGNORED.value)


class PostgresWebhooks:
    """A queue in a table: rows are skipped while somebody takes them, and a token says whose they are."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_webhook(self, event: WebhookEvent, *, wakes: bool = True) -> Stored:
        """Store a webhook once, or wake the stored one."""
        table = tables.webhook_events
        state = WebhookState.IGNORED if event.cause else WebhookState.WAITING
        values = {
            "event_id": event.event_id,
            "kind": event.kind,
            **from_subject(event.subject),
            "body": event.body,
            "received_at": event.received_at,
            "attempts": event.attempts,
            "due_at": event.received_at,
            "state": state.value,
            "cause": from_cause(event.cause),
            "finished_at": event.received_at if event.cause else None,
        }
        added = insert(table).values(values)
        waking = added.on_conflict_do_update(
            index_elements=["event_id"],
            set_={
                name: added.excluded[name]
                for name in (
                    *SUBJECT_COLUMNS.values(),
                    *("body", "state", "attempts", "due_at", "finished_at", "cause"),
                )
            }
            | {"error": ""},
            where=table.c.state.in_(_HELD_BACK),
        )
        statement = waking if wakes and event.cause is None else added.on_conflict_do_nothing()
        # A row that this statement made has no deleting transaction.
        is_new: Label[bool] = literal_column("(xmax = 0)").label("is_new")
        row = (await self._connection.execute(statement.returning(is_new))).first()
        if row is None:
            return Stored.DUPLICATE
        return Stored.NEW if row.is_new else Stored.WOKEN

    async def claim_webhook(self, *, now: datetime, until: datetime, token: str) -> WebhookEvent | None:
        """Take the webhook that is due longest, skipping what others take."""
        table = tables.webhook_events
        free = first_unclaimed(
            table.c.event_id,
            due=and_(table.c.state == WebhookState.WAITING.value, table.c.due_at <= now),
            order_by=table.c.due_at,
            limit=1,
        )
        unfinished = cast(table.c.lease_token.is_not(None), Integer)
        taken = (
            update(table)
            .where(free)
            .values(lease_token=token, due_at=until, attempts=table.c.attempts + unfinished)
            .returning(table)
        )
        row = (await self._connection.execute(taken)).first()
        return to_webhook(row).event if row else None

    async def finish_webhook(
        self, event_id: EventId, *, token: str, outcome: WebhookOutcome, now: datetime
    ) -> bool:
        """Write what came of a claim, if it is still this claim's."""
        table = tables.webhook_events
        values: dict[str, Any] = {
            "state": outcome.state.value,
            "attempts": outcome.attempts,
            "cause": from_cause(outcome.cause),
            "error": outcome.error or "",
            "lease_token": None,
            "finished_at": None if outcome.state is WebhookState.WAITING else now,
        }
        if outcome.due_at is not None:
            values["due_at"] = outcome.due_at
        finished = (
            update(table)
            .where(table.c.event_id == event_id, table.c.lease_token == token)
            .values(values)
            .returning(table.c.event_id)
        )
        return await self._connection.scalar(finished) is not None

    async def wake_webhook(self, event_id: EventId, *, now: datetime) -> bool:
        """Have a webhook worked out anew, if it is about something."""
        table = tables.webhook_events
        about = func.coalesce(*(table.c[column] for column in SUBJECT_COLUMNS.values()))
        woken = (
            update(table)
            .where(table.c.event_id == event_id, about.is_not(None))
            .values(
                state=WebhookState.WAITING.value,
                attempts=0,
                due_at=now,
                finished_at=None,
                cause=None,
                error="",
                lease_token=None,
            )
            .returning(table.c.event_id)
        )
        return await self._connection.scalar(woken) is not None

    async def forget_bodies(self, *, before: datetime, limit: int) -> int:
        """Empty the bodies of webhooks that were done or ignored before a moment."""
        table = tables.webhook_events
        old = first_unclaimed(
            table.c.event_id,
            due=and_(table.c.state.in_(_FINISHED), table.c.finished_at < before, table.c.body != b""),
            order_by=table.c.finished_at,
            limit=limit,
        )
        emptied = update(table).where(old).values(body=b"")
        return (await self._connection.execute(emptied)).rowcount
