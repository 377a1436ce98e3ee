"""What is due, of everything that a worker looks for again and again: one statement, one round trip."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from chassis.due_work import LOOK_MS, due_in
from sqlalchemy.ext.asyncio import AsyncEngine

from generation.application.sweep_deadlines import PROCESSING_GRACE
from generation.application.sweep_reservations import RESERVING_GRACE
from generation.ports.clock import Clock


class Queue(StrEnum):
    """Whatever waits for its time, as its column in the answer is named."""

    ATTEMPTS = "attempts"
    RESERVATIONS = "reservations"
    DEADLINES = "deadlines"
    DISCARDED = "discarded"
    DELETIONS = "deletions"
    ANSWERS = "answers"
    ERASURES = "erasures"


# A look locks nothing. The first of each index is read, whatever the planner expects of a time that it does
# not know: many rows that are not due yet would have it read the table.
_IS_DUE: Mapping[Queue, LiteralString] = {
    Queue.ATTEMPTS: """
        SELECT FROM (SELECT lease_until FROM attempts
                      WHERE outcome = 'running' ORDER BY lease_until LIMIT 1) AS first
         WHERE lease_until <= %(now)s""",
    Queue.RESERVATIONS: """
        SELECT FROM generations WHERE status = 'reserving' AND created_at < %(reserving_since)s""",
    Queue.DEADLINES: """
        SELECT FROM (SELECT deadline_at FROM generations
                      WHERE status = 'queued' ORDER BY deadline_at LIMIT 1) AS first
         WHERE deadline_at <= %(now)s
         UNION ALL
        SELECT FROM (SELECT deadline_at FROM generations
                      WHERE status = 'processing' ORDER BY deadline_at LIMIT 1) AS first
         WHERE deadline_at <= %(ended_by)s""",
    Queue.DISCARDED: """
        SELECT FROM (SELECT purge_at FROM generations
                      WHERE purge_at IS NOT NULL ORDER BY purge_at LIMIT 1) AS first
         WHERE purge_at <= %(now)s""",
    Queue.DELETIONS: """
        SELECT FROM (SELECT due_at FROM deletions ORDER BY due_at LIMIT 1) AS first
         WHERE due_at <= %(now)s""",
    Queue.ANSWERS: """
        SELECT FROM spooled_answers JOIN generations USING (generation_id)
         WHERE status NOT IN ('reserving', 'queued', 'processing')""",
    Queue.ERASURES: "SELECT FROM erasures WHERE finished_at IS NULL",
}


@dataclass(frozen=True)
class PostgresDueWork:
    """Sees everybody's."""

    engine: AsyncEngine
    clock: Clock
    look_ms: int = LOOK_MS

    async def look(self, names: Collection[str] = tuple(Queue)) -> Collection[Queue]:
        """Return those in which something is due. Raises when one of them can't be looked at in time."""
        queues = [queue for queue in Queue if queue in names]
        now = self.clock.now()
        values = {"now": now, "reserving_since": now - RESERVING_GRACE, "ended_by": now - PROCESSING_GRACE}
        return await due_in(self.engine, queues, _IS_DUE, values, look_ms=self.look_ms)
