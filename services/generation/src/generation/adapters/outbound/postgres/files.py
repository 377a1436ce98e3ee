"""Outputs, and objects that are due for removal, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from chassis.claims import first_unclaimed
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import OUTPUTS, to_output
from generation.adapters.outbound.postgres.tables import deletions, outputs
from generation.domain.identifiers import GenerationId
from generation.domain.output import Output


class PostgresOutputs:
    """One row a file."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, new: Sequence[Output]) -> None:
        if new:
            await self._connection.execute(insert(outputs), [OUTPUTS.row(output) for output in new])

    async def of(self, generations: Collection[GenerationId]) -> Sequence[Output]:
        query = select(outputs).where(outputs.c.generation_id.in_(generations))
        rows = await self._connection.execute(query.order_by(outputs.c.position))
        return [to_output(row) for row in rows]

    async def remove(self, generation_id: GenerationId) -> Sequence[Output]:
        statement = delete(outputs).where(outputs.c.generation_id == generation_id).returning(outputs)
        rows = [to_output(row) for row in await self._connection.execute(statement)]
        return sorted(rows, key=lambda output: output.position)


class PostgresDeletions:
    """A queue of object keys."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def schedule(self, keys: Collection[str], *, due_at: datetime) -> None:
        if keys:
            statement = upsert(deletions).values([{"object_key": key, "due_at": due_at} for key in keys])
            await self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["object_key"], set_={"due_at": statement.excluded.due_at}
                )
            )

    async def forget(self, keys: Collection[str]) -> None:
        await self._connection.execute(delete(deletions).where(deletions.c.object_key.in_(keys)))

    async def claim_due(self, *, now: datetime, again_at: datetime, limit: int) -> Sequence[str]:
        free = first_unclaimed(
            deletions.c.object_key, due=deletions.c.due_at <= now, order_by=deletions.c.due_at, limit=limit
        )
        statement = update(deletions).where(free).values(due_at=again_at).returning(deletions.c.object_key)
        return list((await self._connection.execute(statement)).scalars())
