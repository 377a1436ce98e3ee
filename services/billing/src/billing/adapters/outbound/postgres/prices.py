"""The part of the unit of work on PostgreSQL about the processor's prices."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.domain.processor_price import ProcessorPrice
from billing.domain.standing import BillingInterval


async def read_prices(connection: AsyncConnection) -> dict[str, ProcessorPrice]:
    """Return the prices as they were seen last, by name; they are nobody's in particular."""
    table = tables.processor_prices
    found = {}
    for row in await connection.execute(select(*(column for column in table.c if column.name != "asked_at"))):
        interval = BillingInterval(row.interval) if row.interval else None
        found[row.price_name] = ProcessorPrice(**{**row._mapping, "interval": interval})
    return found


class PostgresPrices:
    """Prices as they were seen last."""

    _connection: AsyncConnection

    async def processor_prices(self) -> Mapping[str, ProcessorPrice]:
        """Return the prices by name."""
        return await read_prices(self._connection)

    async def save_processor_prices(self, prices: Sequence[ProcessorPrice], *, asked_at: datetime) -> None:
        """Write prices unless they were asked about later, in one order: no two wait for each other."""
        if not prices:
            return
        table = tables.processor_prices
        in_order = sorted(prices, key=lambda price: price.price_name)
        added = insert(table).values([asdict(price) | {"asked_at": asked_at} for price in in_order])
        written = added.on_conflict_do_update(
            index_elements=["price_name"],
            set_={column.name: added.excluded[column.name] for column in table.c if not column.primary_key},
            where=table.c.asked_at <= added.excluded.asked_at,
        )
        await self._connection.execute(written)
