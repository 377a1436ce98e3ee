"""One transaction on one account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.inbox import first_time
from chassis.postgres import transaction
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from greeter.adapters.outbound.postgres import tables
from greeter.domain.greeting import Greeting
from greeter.domain.identifiers import AccountId, EventId

CONSUMER = "greeter"


class PostgresUnitsOfWork:
    """Transactions that carry the account as their scope of row level security."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def of(self, account_id: AccountId) -> AsyncIterator["_PostgresUnitOfWork"]:
        """See UnitsOfWork."""
        async with transaction(self._engine, account_id) as connection:
            yield _PostgresUnitOfWork(connection)


class _PostgresUnitOfWork:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def first_time(self, event_id: EventId) -> bool:
        """See UnitOfWork."""
        return await first_time(self._connection, tables.inbox, consumer=CONSUMER, event_id=event_id)

    async def keep(self, greeting: Greeting) -> None:
        """See UnitOfWork."""
        values = {"account_id": greeting.account_id, "full_name": greeting.full_name}
        await self._connection.execute(insert(tables.greetings).values(values).on_conflict_do_nothing())

    async def greeting(self, account_id: AccountId) -> Greeting | None:
        """See UnitOfWork."""
        query = select(tables.greetings).where(tables.greetings.c.account_id == account_id)
        row = (await self._connection.execute(query)).first()
        return Greeting(AccountId(row.account_id), row.full_name) if row is not None else None
