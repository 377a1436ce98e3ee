"""The part of the unit of work about accounts that are erased, on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.domain.identifiers import UserId

# Whoever stores something and whoever begins to erase wait for each other, the former not among themselves.
_LOOK = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('erasure:' || :erased, 0))")
_BEGIN = text("SELECT pg_advisory_xact_lock(hashtextextended('erasure:' || :erased, 0))")


class PostgresErasures:
    """Implements Erasures for one open transaction; what is deleted the owner's function says."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin_erasure(self, user_id: UserId, *, now: datetime) -> bool:
        """Note that an account is to be erased."""
        await self._connection.execute(_BEGIN, {"erased": user_id})
        noted = insert(tables.erasures).values(user_id=user_id, begun_at=now).on_conflict_do_nothing()
        return await self._connection.scalar(noted.returning(tables.erasures.c.user_id)) is not None

    async def is_erased(self, user_id: UserId) -> bool:
        """Whether an account is erased, or about to be."""
        await self._connection.execute(_LOOK, {"erased": user_id})
        return bool(
            await self._connection.scalar(select(exists().where(tables.erasures.c.user_id == user_id)))
        )

    async def unfinished_erasures(self, *, after: UserId | None = None, limit: int) -> Sequence[UserId]:
        """Return accounts of which something may be left."""
        table = tables.erasures
        query = select(table.c.user_id).where(table.c.finished_at.is_(None))
        if after is not None:
            query = query.where(table.c.user_id > after)
        return list((await self._connection.execute(query.order_by(table.c.user_id).limit(limit))).scalars())

    async def erase_customer(self, user_id: UserId) -> None:
        """Delete what joins the account to a person."""
        await self._connection.execute(text("SELECT erase_customer(:erased)"), {"erased": user_id})

    async def finish_erasure(self, user_id: UserId, *, now: datetime) -> bool:
        """Note that nothing is left."""
        table = tables.erasures
        done = update(table).where(table.c.user_id == user_id, table.c.finished_at.is_(None))
        return (
            await self._connection.scalar(done.values(finished_at=now).returning(table.c.user_id)) is not None
        )
