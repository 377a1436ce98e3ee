"""Attempts and their leases in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import to_attempt
from generation.adapters.outbound.postgres.tables import attempts as table
from generation.adapters.outbound.postgres.tables import generations
from generation.domain.attempt import Attempt, Outcome
from generation.domain.identifiers import AttemptId, GenerationId


class PostgresAttempts:
    """A lease is a worker's name and a time; taking one over is one update behind SKIP LOCKED."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, attempt: Attempt) -> None:
        await self._connection.execute(insert(table).values(asdict(attempt)))

    async def save(self, attempt: Attempt) -> None:
        statement = update(table).where(table.c.attempt_id == attempt.attempt_id)
        await self._connection.execute(
            statement.values(
                run_id=attempt.run_id,
                outcome=attempt.outcome,
                detail=attempt.detail,
                finished_at=attempt.finished_at,
            )
        )

    async def leased(self, attempt_id: AttemptId, *, worker: str) -> Attempt | None:
        query = select(table).where(
            table.c.attempt_id == attempt_id,
            table.c.worker == worker,
            table.c.outcome == Outcome.RUNNING,
        )
        row = (await self._connection.execute(query.with_for_update())).one_or_none()
        return to_attempt(row) if row else None

    async def of(self, generation_id: GenerationId) -> Sequence[Attempt]:
        query = select(table).where(table.c.generation_id == generation_id).order_by(table.c.number)
        return [to_attempt(row) for row in await self._connection.execute(query)]

    async def renew(
        self, attempts: Collection[AttemptId], *, worker: str, lease_until: datetime
    ) -> Mapping[AttemptId, bool]:
        statement = (
            update(table)
            .where(
                table.c.attempt_id.in_(attempts),
                table.c.worker == worker,
                table.c.outcome == Outcome.RUNNING,
                generations.c.generation_id == table.c.generation_id,
            )
            .values(lease_until=lease_until)
            .returning(table.c.attempt_id, generations.c.cancel_requested)
        )
        rows = await self._connection.execute(statement)
        return {row.attempt_id: row.cancel_requested for row in rows}

    async def claim_expired(
        self, *, now: datetime, worker: str, lease_until: datetime, limit: int
    ) -> Sequence[Attempt]:
        expired = (
            select(table.c.attempt_id)
            .where(table.c.outcome == Outcome.RUNNING, table.c.lease_until <= now)
            .order_by(table.c.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(table)
            # The lock outlives the subquery, but its plan may run it again: a CTE runs once.
            .where(table.c.attempt_id.in_(select(expired.cte("expired").c.attempt_id)))
            .values(worker=worker, lease_until=lease_until)
            .returning(table)
        )
        return [to_attempt(row) for row in await self._connection.execute(statement)]

    async def release(self, *, worker: str, now: datetime) -> None:
        statement = update(table).where(table.c.worker == worker, table.c.outcome == Outcome.RUNNING)
        await self._connection.execute(statement.values(lease_until=now))
