"""The reader on PostgreSQL."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis import round_trips
from chassis.grouping import Groups
from chassis.postgres import STORAGE_AWAY, SYSTEM_SCOPE, transaction
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.prices import read_prices
from billing.adapters.outbound.postgres.rows import to_auto_top_up, to_checkout, to_dispute, to_purchase
from billing.adapters.outbound.postgres.subscription_rows import to_allocation, to_subscription
from billing.adapters.outbound.postgres.top_ups import counted_top_ups
from billing.domain.allocation import PaidAllocation
from billing.domain.auto_top_up import TopUpStanding
from billing.domain.checkout import Checkout
from billing.domain.dispute import Dispute
from billing.domain.identifiers import CheckoutId, PurchaseId, UserId
from billing.domain.processor_price import ProcessorPrice
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.subscription import Subscription

_STREAM_ROWS = 500
_WHO_ASKED = "SELECT user_id FROM auto_top_ups WHERE user_id = ANY(%(user_ids)s::text[])"


class PostgresBillingReader:
    """Reads committed rows, in the user's own scope wherever there is one."""

    def __init__(self, engine: AsyncEngine, *, gather_s: float = 0.0) -> None:
        self._engine = engine
        # Of every fact that moves a balance: those that come within `gather_s` are one read.
        self._asking: Groups[UserId, bool] = Groups(self._who_asked, outages=STORAGE_AWAY, gather_s=gather_s)

    async def checkout(self, user_id: UserId, checkout_id: CheckoutId) -> Checkout | None:
        """Return a checkout of this user."""
        table = tables.checkouts
        query = select(table).where(table.c.checkout_id == checkout_id, table.c.user_id == user_id)
        async with transaction(self._engine, user_id) as connection:
            row = (await connection.execute(query)).first()
        return to_checkout(row) if row else None

    async def subscription(self, user_id: UserId) -> Subscription | None:
        """Return this user's subscription that has not ended."""
        table = tables.subscriptions
        query = select(table).where(table.c.user_id == user_id, table.c.ended_at.is_(None))
        async with transaction(self._engine, user_id) as connection:
            row = (await connection.execute(query)).first()
        return to_subscription(row) if row else None

    async def processor_prices(self) -> Mapping[str, ProcessorPrice]:
        """Return the processor's prices as they were seen last, by name."""
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return await read_prices(connection)

    async def prices_asked_at(self, price_names: Collection[str]) -> datetime | None:
        """Return since when one of these prices was not asked about."""
        table = tables.processor_prices
        query = select(func.min(table.c.asked_at)).where(table.c.price_name.in_(price_names))
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            asked_at: datetime | None = await connection.scalar(query)
        return asked_at

    async def asked_for_top_ups(self, user_id: UserId) -> bool:
        """Whether this user ever asked for packs to be bought by themselves."""
        return await self._asking.ask(user_id)

    async def _who_asked(self, user_ids: Sequence[UserId]) -> Sequence[bool]:
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            values = {"user_ids": sorted(set(user_ids))}
            rows = await round_trips.require(connection).ask_and_commit(_WHO_ASKED, values)
        asked = {row.user_id for row in rows}
        return [user_id in asked for user_id in user_ids]

    async def auto_top_up(self, user_id: UserId, *, month: datetime) -> TopUpStanding | None:
        """Return what this user asked to be bought by itself."""
        wanted, pages = tables.auto_top_ups, tables.checkouts
        query = select(wanted).where(wanted.c.user_id == user_id)
        async with transaction(self._engine, user_id) as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            purchases = await connection.scalar(counted_top_ups(user_id, month))
            url = await connection.scalar(select(pages.c.url).where(pages.c.checkout_id == row.authenticates))
        return TopUpStanding(auto_top_up=to_auto_top_up(row), purchases=purchases or 0, url=url or None)

    async def purchases(
        self, user_id: UserId, *, before: PurchaseId | None, limit: int
    ) -> list[PurchaseStanding] | None:
        """Return purchases, newest first: ids sort by the time they were made."""
        table = tables.purchases
        query = select(table).where(table.c.user_id == user_id)
        known = query.with_only_columns(table.c.purchase_id).where(table.c.purchase_id == before)
        if before is not None:
            query = query.where(table.c.purchase_id < before)
        query = query.order_by(table.c.purchase_id.desc()).limit(limit)
        async with transaction(self._engine, user_id) as connection:
            if before is not None and await connection.scalar(known) is None:
                return None
            rows = (await connection.execute(query)).all()
            return await _standings(connection, rows)

    async def purchase(self, purchase_id: PurchaseId) -> PurchaseStanding | None:
        """Return a purchase of whichever user."""
        query = select(tables.purchases).where(tables.purchases.c.purchase_id == purchase_id)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            found = await _standings(connection, (await connection.execute(query)).all())
        return found[0] if found else None

    async def settled_payments(self) -> AsyncIterator[PurchaseStanding]:
        """Stream every purchase through a server-side cursor, its disputes a batch at a time."""
        table = tables.purchases
        query = select(table).order_by(table.c.purchase_id)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            streamed = await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS})
            async for rows in streamed.partitions():
                for standing in await _standings(connection, rows):
                    yield standing

    async def allocations(self) -> AsyncIterator[PaidAllocation]:
        """Stream what was told of paid plans' credits through a server-side cursor."""
        table, purchases = tables.allocations, tables.purchases
        paid = (
            select(purchases.c.invoice_id, func.min(purchases.c.payment_id).label("payment_id"))
            .group_by(purchases.c.invoice_id)
            .subquery()
        )
        joined = table.outerjoin(paid, paid.c.invoice_id == table.c.invoice_id)
        query = select(table, paid.c.payment_id).select_from(joined)
        query = query.order_by(table.c.starts_at, table.c.subscription_id)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            async for row in await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS}):
                yield PaidAllocation(allocation=to_allocation(row), payment_id=row.payment_id)

    async def free_plans(self) -> AsyncIterator[Subscription]:
        """Stream every free subscription through a server-side cursor."""
        table = tables.subscriptions
        query = select(table).where(table.c.processor_id.is_(None)).order_by(table.c.subscription_id)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            async for row in await connection.stream(query, execution_options={"yield_per": _STREAM_ROWS}):
                yield to_subscription(row)


async def _standings(connection: AsyncConnection, rows: Sequence[Any]) -> list[PurchaseStanding]:
    """Return the purchases of rows with their disputes."""
    table = tables.disputes
    query = select(table).where(table.c.purchase_id.in_([row.purchase_id for row in rows]))
    found: dict[str, list[Dispute]] = defaultdict(list)
    for row in await connection.execute(query.order_by(table.c.dispute_id)):
        found[row.purchase_id].append(to_dispute(row))
    return [
        PurchaseStanding(purchase=to_purchase(row), disputes=tuple(found[row.purchase_id])) for row in rows
    ]
