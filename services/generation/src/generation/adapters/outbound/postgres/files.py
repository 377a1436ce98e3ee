"""Outputs, and objects that are due for removal, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from chassis.claims import first_unclaimed
from chassis.round_trips import RoundTrips
from sqlalchemy import and_, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.columns import insert_into
from generation.adapters.outbound.postgres.rows import OUTPUTS, to_output
from generation.adapters.outbound.postgres.tables import deletions, generations, outputs, used_media
from generation.domain.generation import Status
from generation.domain.identifiers import GenerationId, OutputId
from generation.domain.output import Output, Part

_OPEN = (Status.RESERVING, Status.QUEUED, Status.PROCESSING)
# A file that an open job was given stays, whatever became of where it is from.
_IS_NEEDED = (
    exists()
    .where(used_media.c.object_key == deletions.c.object_key)
    .where(generations.c.generation_id == used_media.c.generation_id, generations.c.status.in_(_OPEN))
)
_IS_THERE = outputs.c.expired_at.is_(None)

_ADD = insert_into("outputs", OUTPUTS.types)
_ADD_TEXTS = """
    INSERT INTO output_texts (output_id, part, account_id, content)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[])
"""
_TEXT = "SELECT content FROM output_texts WHERE output_id = %s AND part = %s"
_SCHEDULE = """
    INSERT INTO deletions (object_key, due_at) SELECT unnest(%s::text[]), %s
    ON CONFLICT (object_key) DO UPDATE SET due_at = excluded.due_at
"""
_FORGET = "DELETE FROM deletions WHERE object_key = ANY(%s::text[])"


class PostgresOutputs:
    """One row a file. What is kept beside it are rows that the database lets go with it."""

    def __init__(self, connection: AsyncConnection, way: RoundTrips) -> None:
        self._connection = connection
        self._way = way

    async def add(self, new: Sequence[Output]) -> None:
        for output in new:
            self._way.later(_ADD, OUTPUTS.values(output))
        texts = [
            (output.output_id, part.value, output.account_id, content)
            for output in new
            for part, content in output.texts.items()
        ]
        if texts:
            self._way.later(_ADD_TEXTS, tuple(map(list, zip(*texts, strict=True))))

    async def of(self, generations: Collection[GenerationId]) -> Sequence[Output]:
        query = select(outputs).where(outputs.c.generation_id.in_(generations), _IS_THERE)
        rows = await self._connection.execute(query.order_by(outputs.c.position))
        return [to_output(row) for row in rows]

    async def with_ids(self, output_ids: Collection[OutputId]) -> Sequence[Output]:
        query = select(outputs).where(outputs.c.output_id.in_(output_ids), _IS_THERE)
        rows = await self._connection.execute(query)
        return [to_output(row) for row in rows]

    async def text(self, output_id: OutputId, part: Part) -> bytes | None:
        rows = await self._way.ask(_TEXT, (output_id, part.value))
        return bytes(rows[0].content) if rows else None

    async def remove(self, generation_id: GenerationId) -> Sequence[Output]:
        statement = delete(outputs).where(outputs.c.generation_id == generation_id).returning(outputs)
        rows = [to_output(row) for row in await self._connection.execute(statement)]
        return sorted(rows, key=lambda output: output.position)

    async def expire(self, generation_id: GenerationId, *, now: datetime) -> Sequence[Output]:
        statement = update(outputs).where(outputs.c.generation_id == generation_id, _IS_THERE)
        rows = await self._connection.execute(statement.values(expired_at=now).returning(outputs))
        return sorted((to_output(row) for row in rows), key=lambda output: output.position)


class PostgresDeletions:
    """A queue of object keys."""

    def __init__(self, connection: AsyncConnection, way: RoundTrips) -> None:
        self._connection = connection
        self._way = way

    async def schedule(self, keys: Collection[str], *, due_at: datetime) -> None:
        if keys:
            self._way.later(_SCHEDULE, (sorted(keys), due_at))

    async def forget(self, keys: Collection[str]) -> None:
        if keys:
            self._way.later(_FORGET, (list(keys),))

    async def claim_due(self, *, now: datetime, again_at: datetime, limit: int) -> Sequence[str]:
        due = and_(deletions.c.due_at <= now, ~_IS_NEEDED)
        free = first_unclaimed(deletions.c.object_key, due=due, order_by=deletions.c.due_at, limit=limit)
        statement = update(deletions).where(free).values(due_at=again_at).returning(deletions.c.object_key)
        return list((await self._connection.execute(statement)).scalars())
