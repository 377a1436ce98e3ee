"""What calls to providers came to, in PostgreSQL."""

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


class PostgresAnswers:
    """A row an answer, and rows of half a megabyte for its bytes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, key: AttemptId, answer: StoredAnswer) -> None:
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
        of_job = spooled_answers.c.generation_id == generation_id
        await self._connection.execute(delete(spooled_answers).where(of_job))

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
