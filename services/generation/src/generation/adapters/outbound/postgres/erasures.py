"""Accounts that are erased, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.round_trips import RoundTrips
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.tables import erasures, generations
from generation.domain.generation import TERMINAL
from generation.domain.identifiers import AccountId, GenerationId

# Whoever stores something and whoever begins to erase wait for each other, the former not among themselves.
_LOOK = "SELECT pg_advisory_xact_lock_shared(hashtextextended('erasure:' || %s::text, 0))"
_WAIT = "SELECT pg_advisory_xact_lock(hashtextextended('erasure:' || %s::text, 0))"
_IS_BEGUN = "SELECT account_id FROM erasures WHERE account_id = %s"
# The same of many accounts, in one order.
LOOK_AT_MANY = """
    SELECT pg_advisory_xact_lock_shared(hashtextextended('erasure:' || account, 0))
      FROM unnest(%s::text[]) AS account
"""
BEGUN_OF_MANY = "SELECT account_id FROM erasures WHERE account_id = ANY(%s::text[])"
_ERASE = text("SELECT erase_account(:account, :batch, :at)")


class PostgresErasures:
    """One row an account; what is deleted, and what may be, the owner's function says."""

    def __init__(self, connection: AsyncConnection, way: RoundTrips) -> None:
        self._connection = connection
        self._way = way
        # Looked at before anybody asked: whether each is begun.
        self._held: dict[AccountId, bool] = {}

    def hold(self, accounts: Sequence[AccountId], rows: Sequence[Any]) -> None:
        """Take note of what LOOK_AT_MANY and BEGUN_OF_MANY came to."""
        begun = {row.account_id for row in rows}
        self._held = {account_id: account_id in begun for account_id in accounts}

    async def begin(self, account_id: AccountId, *, now: datetime) -> bool:
        await self.wait_for_stores(account_id)
        noted = insert(erasures).values(account_id=account_id, begun_at=now).on_conflict_do_nothing()
        return await self._connection.scalar(noted.returning(erasures.c.account_id)) is not None

    async def is_begun(self, account_id: AccountId) -> bool:
        if account_id in self._held:
            return self._held[account_id]
        # Two statements: what is seen is what was committed once the lock is held.
        self._way.later(_LOOK, (account_id,))
        return bool(await self._way.ask(_IS_BEGUN, (account_id,)))

    async def wait_for_stores(self, account_id: AccountId) -> None:
        self._way.later(_WAIT, (account_id,))

    async def unfinished(self, *, after: AccountId | None = None, limit: int) -> Sequence[AccountId]:
        query = select(erasures.c.account_id).where(erasures.c.finished_at.is_(None))
        if after is not None:
            query = query.where(erasures.c.account_id > after)
        rows = await self._connection.execute(query.order_by(erasures.c.account_id).limit(limit))
        return [AccountId(account) for account in rows.scalars()]

    async def open_jobs(self, account_id: AccountId, *, limit: int) -> Sequence[GenerationId]:
        query = (
            select(generations.c.generation_id)
            .where(generations.c.account_id == account_id, generations.c.status.not_in(TERMINAL))
            .order_by(generations.c.generation_id)
            .limit(limit)
        )
        return [GenerationId(job) for job in (await self._connection.execute(query)).scalars()]

    async def erase(self, account_id: AccountId, *, now: datetime, limit: int) -> int:
        asked = {"account": account_id, "batch": limit, "at": now}
        return int(await self._connection.scalar(_ERASE, asked) or 0)

    async def finish(self, account_id: AccountId, *, now: datetime) -> bool:
        done = update(erasures).where(erasures.c.account_id == account_id, erasures.c.finished_at.is_(None))
        noted = done.values(finished_at=now).returning(erasures.c.account_id)
        return await self._connection.scalar(noted) is not None
