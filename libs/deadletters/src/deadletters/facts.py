"""The fact of a replay, in the outbox of the service that keeps the letter."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chassis import outbox
from chassis.dead_letters import Recorder, Replay
from chassis.events import OutgoingEvent, event, is_subject_token
from chassis.timestamps import to_timestamp
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

UNKNOWN_ACCOUNT = "unknown"


def encode(message_type: type[Any], replay: Replay, *, event_id: str, occurred_at: datetime) -> OutgoingEvent:
    """Return the fact as a service's own `DeadLetterReplayed`."""
    account = replay.event.account
    if not is_subject_token(account):
        # Such a fact could never be published.
        account = UNKNOWN_ACCOUNT
    told = message_type(
        account_id=account,
        dead_letter_id=replay.event.event_id,
        event_type=replay.event.ce_type,
        applied=replay.applied,
        actor=replay.by.name,
        session_id=replay.by.session_id or "",
        client_address=replay.by.client_address or "",
        reason=replay.by.reason or "",
        occurred_at=to_timestamp(occurred_at),
    )
    return event(told, account=account, event_id=event_id, time=occurred_at)


def recorder(table: Table, message_type: type[Any], new_id: Callable[[str], str]) -> Recorder:
    """Return what puts a replay into an outbox, in the transaction that says what became of the letter."""

    async def record(connection: AsyncConnection, replay: Replay) -> None:
        fact = encode(message_type, replay, event_id=new_id("evt"), occurred_at=datetime.now(UTC))
        await outbox.append(connection, table, fact)

    return record
