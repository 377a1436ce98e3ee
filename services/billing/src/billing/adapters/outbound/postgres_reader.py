"""The reader on PostgreSQL."""

from collections.abc import AsyncIterator

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.adapters.outbound import tables
from billing.adapters.outbound.rows import to_checkout, to_purchase
from billing.domain.checkout import Checkout, Purchase

_STREAM_ROWS = 500


class PostgresBillingReader:
    """Reads committed rows, in the user's own scope wherever there is one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def checkout(self, user_id: str, checkout_id: str) -> Checkout | None:
        """Return a checkout of this user."""
        table = tables.checkouts
        query = select(table).where(table.c.checkout_id == checkout_id, table.c.user_id == user_id)
        async with transaction(self._engine, user_id) as connection:
            row = (await connection.execute(query)).first()
        return to_checkout(row) if row else None

    async def purchases(self, user_id: str, *, before: str, limit: int) -> list[Purchase]:
        """Return purchases, newest first: ids sort by the time they were made."""
        table = tables.purchases
        query = select(table).where(table.c.user_id == user_id)
        if before:
            query = query.where(table.c.purchase_id < before)
        query = query.order_by(table.c.purchase_id.desc()).limit(limit)
        async with transaction(self._engine, user_id) as connection:
            return [to_purchase(row) for row in await connection.execute(query)]

    async def settled_payments(self) -> AsyncIterator[Purchase]:
        """Stream every purchase through a server-side cursor."""
        table = tables.purchases
        query = select(table).order_by(table.c.purchase_id)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            async for row in await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS}):
                yield to_purchase(row)
