"""What identity gave up itself: who has it applied again is recorded where it is noted."""

from datetime import UTC, datetime

import pytest
from chassis.dead_letters import DeadLetters, Replayer
from chassis.events import IncomingEvent
from chassis.postgres import SYSTEM_SCOPE, transaction
from identity.adapters.outbound.postgres.replay_records import record_replay
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

LOW = IncomingEvent(
    subject="tintype.ledger.v1.balance_low.usr_alice",
    event_id="evt_1",
    time=datetime(2026, 1, 2, tzinfo=UTC),
    payload=b"",
    deliveries=20,
)


async def _applied(_event: IncomingEvent) -> None:
    """What stopped it is mended."""


async def _fails(_event: IncomingEvent) -> None:
    raise ValueError("no")


async def test_replays_are_recorded_as_acts(engine: AsyncEngine) -> None:
    """As the service's role: an administrator's with session and address, an operator's by name."""
    letters = DeadLetters(engine, record_replay)
    await letters.keep(LOW, ValueError("away"))
    (letter,) = await letters.list()
    await letters.replay(letter, _fails, Replayer(name="ana"))
    await letters.replay(
        letter,
        _applied,
        Replayer(name="usr_grace", session_id="ses_1", client_address="203.0.113.7", reason="mended"),
    )
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        rows = await connection.execute(
            text(
                "SELECT action, actor, session_id, client_address, subject, after->>'outcome', reason "
                "FROM audit_records ORDER BY occurred_at, record_id"
            )
        )
        found = [tuple(row) for row in rows]
    replayed = "dead_letter.replayed"
    assert found == [
        (replayed, "operator:ana", None, None, "usr_alice", "failed", None),
        (replayed, "usr_grace", "ses_1", "203.0.113.7", "usr_alice", "applied", "mended"),
    ]
