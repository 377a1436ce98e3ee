"""Replays of what identity itself gave up: acts of its own, recorded with what became of the letter."""

from datetime import UTC, datetime

from chassis.dead_letters import Replay
from chassis.ids import new_id
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres.audit import PostgresAuditLog
from identity.domain.audit import Action, Actor, AuditRecord, replay_told
from identity.domain.identifiers import AuditRecordId, EventId, SessionId, UserId


async def record_replay(connection: AsyncConnection, replay: Replay) -> None:
    """Append the record in the caller's transaction, which is in the system's scope."""
    by, event = replay.by, replay.event
    await PostgresAuditLog(connection).append(
        AuditRecord(
            record_id=AuditRecordId(new_id("aud")),
            action=Action.DEAD_LETTER_REPLAYED,
            actor=Actor(name=by.name, session_id=SessionId(by.session_id), client_address=by.client_address)
            if by.session_id
            else Actor.operator(by.name),
            subject=UserId(event.account),
            after=replay_told(
                service="identity",
                event_type=event.ce_type,
                dead_letter_id=EventId(event.event_id),
                applied=replay.applied,
            ),
            reason=by.reason,
            occurred_at=datetime.now(UTC),
        )
    )
