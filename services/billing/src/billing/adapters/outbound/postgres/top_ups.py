"""The part of the unit of work about buying packs by themselves, on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chassis.claims import first_unclaimed
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import to_auto_top_up, to_top_up
from billing.domain.auto_top_up import AutoTopUp, TopUp, TopUpState
from billing.domain.identifiers import CheckoutId, UserId


class PostgresTopUps:
    """Implements TopUps for one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def auto_top_up(self, user_id: UserId) -> AutoTopUp | None:
        """Return what a user asked for, locked until the end."""
        table = tables.auto_top_ups
        query = select(table).where(table.c.user_id == user_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        return to_auto_top_up(row) if row else None

    async def add_auto_top_up(self, auto_top_up: AutoTopUp) -> bool:
        """Store what a user asks for for the first time."""
        table = tables.auto_top_ups
        added = insert(table).values(asdict(auto_top_up)).on_conflict_do_nothing()
        return await self._connection.scalar(added.returning(table.c.user_id)) is not None

    async def save_auto_top_up(self, auto_top_up: AutoTopUp) -> None:
        """Write what a user asked for, and where it stands."""
        table = tables.auto_top_ups
        values = asdict(auto_top_up)
        del values["user_id"]
        found = table.c.user_id == auto_top_up.user_id
        await self._connection.execute(update(table).where(found).values(values))

    async def claim_auto_top_ups(self, *, now: datetime, until: datetime, limit: int) -> Sequence[UserId]:
        """Return users who are due for longest, skipping what others are claiming."""
        table = tables.auto_top_ups
        free = first_unclaimed(
            table.c.user_id, due=table.c.due_at <= now, order_by=table.c.due_at, limit=limit
        )
        claimed = update(table).where(free).values(due_at=until)
        found = await self._connection.scalars(claimed.returning(table.c.user_id))
        return [UserId(user_id) for user_id in found]

    async def add_top_up(self, top_up: TopUp) -> None:
        """Store a top-up; the index keeps a second open one out."""
        await self._connection.execute(insert(tables.top_ups).values(asdict(top_up)))

    async def top_up(self, checkout_id: CheckoutId) -> TopUp | None:
        """Return a top-up."""
        table = tables.top_ups
        row = (
            await self._connection.execute(select(table).where(table.c.checkout_id == checkout_id))
        ).first()
        return to_top_up(row) if row else None

    async def save_top_up(self, top_up: TopUp) -> None:
        """Write what became of a top-up."""
        table = tables.top_ups
        found = table.c.checkout_id == top_up.checkout_id
        await self._connection.execute(update(table).where(found).values(state=top_up.state))

    async def count_top_ups(self, user_id: UserId, *, since: datetime) -> int:
        """Return how many are paid or still open."""
        return int(await self._connection.scalar(counted_top_ups(user_id, since)) or 0)


def counted_top_ups(user_id: UserId, since: datetime) -> Select[Any]:
    """Return the query for how many of a user's top-ups that began since a moment are paid or open."""
    table = tables.top_ups
    return (
        select(func.count())
        .select_from(table)
        .where(table.c.user_id == user_id, table.c.created_at >= since, table.c.state != TopUpState.REFUSED)
    )
