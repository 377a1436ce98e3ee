"""Attempts and their leases in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.round_trips import RoundTrips
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.columns import insert_into, update_of
from generation.adapters.outbound.postgres.presence import living
from generation.adapters.outbound.postgres.rows import ATTEMPTS, to_attempt
from generation.adapters.outbound.postgres.tables import attempts as table
from generation.domain.attempt import Attempt, Outcome
from generation.domain.identifiers import AttemptId, GenerationId, RunId

_ADD = insert_into("attempts", ATTEMPTS.types)
_SAVE = update_of(
    "attempts",
    (
        *("run_id", "outcome", "detail", "reason", "finished_at", "not_before"),
        *("cost_usd_micros", "cost_source", "output_count", "tokens"),
    ),
    key="attempt_id",
)
_LEASE = update_of(
    "attempts",
    ("provider", "worker", "lease_until", "not_before", "submitted", "tries", "started_at"),
    key="attempt_id",
)
_LEASED = f"""
    SELECT {", ".join(ATTEMPTS.types)} FROM attempts
    WHERE attempt_id = %s AND worker = %s AND outcome = 'running' AND not_before IS NULL FOR UPDATE
"""  # noqa: S608
LOCK_MANY = f"""
    SELECT {", ".join(ATTEMPTS.types)} FROM attempts
    WHERE attempt_id = ANY(%s::text[]) AND outcome = 'running' ORDER BY attempt_id FOR UPDATE
"""  # noqa: S608
_LOCK_DUE = f"""
    SELECT {", ".join(ATTEMPTS.types)} FROM attempts
    WHERE outcome = 'running' AND lease_until <= %(now)s AND attempt_id <> ALL(%(excluding)s::text[])
    ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""  # noqa: S608
# In the same order: whoever ends several of them waits for no lease while holding another's.
_RENEW = """
    WITH held AS MATERIALIZED (
        SELECT attempt_id, generation_id FROM attempts
         WHERE attempt_id = ANY(%(attempts)s::text[]) AND worker = %(worker)s AND outcome = 'running'
           AND not_before IS NULL
         ORDER BY attempt_id FOR UPDATE
    )
    UPDATE attempts SET lease_until = %(lease_until)s FROM held JOIN generations USING (generation_id)
     WHERE attempts.attempt_id = held.attempt_id
    RETURNING attempts.attempt_id, generations.cancel_requested
"""


class PostgresAttempts:
    """A lease is a worker's name and a time; SKIP LOCKED gives each due attempt to one worker."""

    def __init__(self, connection: AsyncConnection, way: RoundTrips) -> None:
        self._connection = connection
        self._way = way
        # Locked before anybody asked, as they are by now; they run.
        self._held: dict[AttemptId, Attempt | None] = {}

    def hold(self, attempt_ids: Sequence[AttemptId], rows: Sequence[Any]) -> None:
        """Take note of what was locked by LOCK_MANY."""
        self._held = dict.fromkeys(attempt_ids) | {
            attempt.attempt_id: attempt for attempt in map(to_attempt, rows)
        }

    async def add(self, attempt: Attempt) -> None:
        self._way.later(_ADD, ATTEMPTS.values(attempt))

    async def save(self, attempt: Attempt) -> None:
        self._way.later(_SAVE, ATTEMPTS.values(attempt))
        self._changed(attempt)

    async def leased(self, attempt_id: AttemptId, *, worker: str) -> Attempt | None:
        if attempt_id in self._held:
            held = self._held[attempt_id]
            return held if held and held.worker == worker and held.not_before is None else None
        rows = await self._way.ask(_LEASED, (attempt_id, worker))
        return to_attempt(rows[0]) if rows else None

    async def running(self, generation_id: GenerationId) -> Attempt | None:
        return await self._locked(table.c.generation_id == generation_id)

    async def of(self, generation_id: GenerationId) -> Sequence[Attempt]:
        query = select(table).where(table.c.generation_id == generation_id).order_by(table.c.number)
        return [to_attempt(row) for row in await self._connection.execute(query)]

    async def of_run(self, provider: str, run_id: RunId) -> Attempt | None:
        query = (
            select(table)
            .where(table.c.provider == provider, table.c.run_id == run_id)
            .order_by(table.c.started_at.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return to_attempt(row) if row else None

    async def renew(
        self, attempts: Collection[AttemptId], *, worker: str, lease_until: datetime
    ) -> Mapping[AttemptId, bool]:
        values = {"attempts": list(attempts), "worker": worker, "lease_until": lease_until}
        rows = await self._way.ask(_RENEW, values)
        return {row.attempt_id: row.cancel_requested for row in rows}

    async def lock_due(
        self, *, now: datetime, excluding: Collection[AttemptId], limit: int
    ) -> Sequence[Attempt]:
        values = {"now": now, "excluding": list(excluding), "limit": limit}
        return [to_attempt(row) for row in await self._way.ask(_LOCK_DUE, values)]

    async def living(self, workers: Collection[str]) -> Collection[str]:
        return await living(self._connection, workers)

    async def lease(self, attempt: Attempt) -> None:
        self._way.later(_LEASE, ATTEMPTS.values(attempt))
        self._changed(attempt)

    async def release(self, *, worker: str, now: datetime) -> None:
        statement = update(table).where(
            table.c.worker == worker, table.c.outcome == Outcome.RUNNING, table.c.not_before.is_(None)
        )
        await self._connection.execute(statement.values(lease_until=now, not_before=now))

    def _changed(self, attempt: Attempt) -> None:
        if attempt.attempt_id in self._held:
            self._held[attempt.attempt_id] = attempt if attempt.outcome is Outcome.RUNNING else None

    async def _locked(self, *conditions: ColumnElement[bool]) -> Attempt | None:
        query = select(table).where(table.c.outcome == Outcome.RUNNING, *conditions)
        row = (await self._connection.execute(query.with_for_update())).one_or_none()
        return to_attempt(row) if row else None
