"""The unit of work on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict

from chassis import outbox
from chassis.postgres import SYSTEM_SCOPE
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.adapters.outbound import tables
from billing.adapters.outbound.event_codec import encode
from billing.adapters.outbound.postgres_money_back import PostgresMoneyBack
from billing.adapters.outbound.postgres_webhooks import PostgresWebhooks
from billing.adapters.outbound.rows import from_checkout, to_checkout
from billing.domain.checkout import Checkout, Purchase
from billing.domain.events import Fact
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitOfWork


class PostgresUnitsOfWork:
    """Opens transactions in the scope of one user, or of all of them."""

    def __init__(self, engine: AsyncEngine, ids: IdSource) -> None:
        self._engine = engine
        self._ids = ids

    def begin(self, user_id: str | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one transaction; it is undone unless it commits."""
        return self._begin(user_id or SYSTEM_SCOPE)

    @asynccontextmanager
    async def _begin(self, scope: str) -> AsyncIterator[UnitOfWork]:
        async with self._engine.connect() as connection:
            await connection.execute(
                text("SELECT set_config('app.account', :account, true)"), {"account": scope}
            )
            yield PostgresUnitOfWork(connection, self._ids)


class PostgresUnitOfWork(PostgresMoneyBack, PostgresWebhooks):
    """One open transaction."""

    def __init__(self, connection: AsyncConnection, ids: IdSource) -> None:
        super().__init__(connection)
        self._ids = ids

    async def customer_of(self, user_id: str) -> str | None:
        """Return the processor's customer id of a user."""
        table = tables.customers
        found: str | None = await self._connection.scalar(
            select(table.c.customer_id).where(table.c.user_id == user_id)
        )
        return found

    async def link_customer(self, user_id: str, customer_id: str) -> str:
        """Store the link unless there is one; return the link that counts."""
        values = {"user_id": user_id, "customer_id": customer_id}
        await self._connection.execute(insert(tables.customers).values(values).on_conflict_do_nothing())
        return await self.customer_of(user_id) or customer_id

    async def add_checkout(self, checkout: Checkout) -> Checkout:
        """Store a new checkout, or return the one that this user's idempotency key made before."""
        table = tables.checkouts
        added = insert(table).values(from_checkout(checkout)).on_conflict_do_nothing()
        await self._connection.execute(added)
        query = select(table).where(
            table.c.user_id == checkout.user_id, table.c.idempotency_key == checkout.idempotency_key
        )
        return to_checkout((await self._connection.execute(query)).one())

    async def checkout(self, checkout_id: str, *, lock: bool = False) -> Checkout | None:
        """Return a checkout by our id."""
        table = tables.checkouts
        query = select(table).where(table.c.checkout_id == checkout_id)
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return to_checkout(row) if row else None

    async def checkout_of_session(self, session_id: str) -> str | None:
        """Return our id of the checkout behind a processor's session."""
        table = tables.checkouts
        found: str | None = await self._connection.scalar(
            select(table.c.checkout_id).where(table.c.session_id == session_id)
        )
        return found

    async def save_checkout(self, checkout: Checkout) -> None:
        """Write what may change of a checkout."""
        table = tables.checkouts
        await self._connection.execute(
            update(table)
            .where(table.c.checkout_id == checkout.checkout_id)
            .values(
                session_id=checkout.session_id,
                url=checkout.url,
                status=checkout.status.value,
                purchase_id=checkout.purchase_id,
                expires_at=checkout.expires_at,
            )
        )

    async def add_purchase(self, purchase: Purchase) -> bool:
        """Store a purchase; False when this payment has one already."""
        table = tables.purchases
        added = insert(table).values(asdict(purchase)).on_conflict_do_nothing()
        return await self._connection.scalar(added.returning(table.c.purchase_id)) is not None

    async def publish(self, fact: Fact) -> None:
        """Append the fact to the outbox."""
        event = encode(fact, event_id=self._ids.new("evt"))
        await outbox.append(self._connection, tables.outbox, event)

    async def commit(self) -> None:
        """Commit."""
        await self._connection.commit()
