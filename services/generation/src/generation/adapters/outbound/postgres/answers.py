"""What calls to providers came to, in PostgreSQL."""

from chassis.round_trips import RoundTrips
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.tables import (
    attempts,
    generations,
    spooled_answers,
    spooled_pieces,
)
from generation.domain.generation import TERMINAL
from generation.domain.identifiers import AttemptId, GenerationId
from generation.ports.answers import StoredAnswer

# Small enough to be a row, large enough that a picture is a few of them.
PIECE_BYTES = 512 * 1024

# An answer and its bytes, each output's in one piece: of a job that has not ended, and once.
_KEEP = """
    WITH wanted AS (
        SELECT attempts.generation_id, attempts.account_id
          FROM attempts JOIN generations USING (generation_id)
         WHERE attempts.attempt_id = %(key)s
           AND generations.status NOT IN ('succeeded', 'failed', 'cancelled', 'rejected')
    ), kept AS (
        INSERT INTO spooled_answers (attempt_id, generation_id, account_id, document)
        SELECT %(key)s, generation_id, account_id, %(document)s FROM wanted
        ON CONFLICT DO NOTHING RETURNING attempt_id, account_id
    )
    INSERT INTO spooled_pieces (attempt_id, output, number, account_id, content)
    SELECT attempt_id, output, 0, account_id, content
      FROM kept, unnest(%(outputs)s::int[], %(contents)s::bytea[]) AS pieces (output, content)
"""


class PostgresAnswers:
    """A row an answer, and rows of half a megabyte for its bytes."""

    def __init__(self, connection: AsyncConnection, way: RoundTrips) -> None:
        self._connection = connection
        self._way = way

    async def keep(self, key: AttemptId, answer: StoredAnswer) -> None:
        if sum(len(content or b"") for content in answer.contents) <= PIECE_BYTES:
            self._keep_small(key, answer)
        else:
            await self._keep_large(key, answer)

    def _keep_small(self, key: AttemptId, answer: StoredAnswer) -> None:
        pieces = [(output, content) for output, content in enumerate(answer.contents) if content]
        values = {
            "key": key,
            "document": answer.document,
            "outputs": [output for output, _ in pieces],
            "contents": [content for _, content in pieces],
        }
        self._way.later(_KEEP, values)

    async def _keep_large(self, key: AttemptId, answer: StoredAnswer) -> None:
        owner = await self._wanted_by(key)
        if owner is None:
            return
        generation_id, account_id = owner
        row = {
            "attempt_id": key,
            "generation_id": generation_id,
            "account_id": account_id,
            "document": answer.document,
        }
        kept = insert(spooled_answers).values(row).on_conflict_do_nothing().returning(spooled_answers)
        if (await self._connection.execute(kept)).one_or_none() is None:
            return
        # One statement a piece: the driver holds what it sends twice.
        for output, content in enumerate(answer.contents):
            for number, start in enumerate(range(0, len(content or b""), PIECE_BYTES)):
                piece = (content or b"")[start : start + PIECE_BYTES]
                await self._connection.execute(
                    insert(spooled_pieces).values(
                        attempt_id=key, output=output, number=number, account_id=account_id, content=piece
                    )
                )

    async def document(self, key: AttemptId) -> str | None:
        query = select(spooled_answers.c.document).where(spooled_answers.c.attempt_id == key)
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def piece(self, key: AttemptId, *, output: int, number: int) -> bytes | None:
        query = select(spooled_pieces.c.content).where(
            spooled_pieces.c.attempt_id == key,
            spooled_pieces.c.output == output,
            spooled_pieces.c.number == number,
        )
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def forget(self, generation_id: GenerationId) -> None:
        self._way.later("DELETE FROM spooled_answers WHERE generation_id = %s", (generation_id,))

    async def forget_ended(self, *, limit: int) -> int:
        late = (
            select(spooled_answers.c.attempt_id)
            .join(generations, generations.c.generation_id == spooled_answers.c.generation_id)
            .where(generations.c.status.in_(TERMINAL))
            .limit(limit)
        )
        gone = delete(spooled_answers).where(spooled_answers.c.attempt_id.in_(late))
        return len((await self._connection.execute(gone.returning(spooled_answers.c.attempt_id))).all())

    async def _wanted_by(self, key: AttemptId) -> tuple[str, str] | None:
        query = (
            select(attempts.c.generation_id, attempts.c.account_id)
            .join(generations, generations.c.generation_id == attempts.c.generation_id)
            .where(attempts.c.attempt_id == key, generations.c.status.not_in(TERMINAL))
        )
        row = (await self._connection.execute(query)).one_or_none()
        return (row.generation_id, row.account_id) if row else None
