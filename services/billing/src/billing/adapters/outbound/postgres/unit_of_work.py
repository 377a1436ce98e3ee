"""The unit of work on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict

from chassis import outbox
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.adapters.outbound.event_codec import encode
from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.checkouts import PostgresCheckouts
from billing.adapters.outbound.postgres.departures import PostgresDepartures
from billing.adapters.outbound.postgres.erasures import PostgresErasures
from billing.adapters.outbound.postgres.money_back import PostgresMoneyBack
from billing.adapters.outbound.postgres.prices import PostgresPrices
from billing.adapters.outbound.postgres.promotions import PostgresPromotions
from billing.adapters.outbound.postgres.referrals import PostgresReferrals
from billing.adapters.outbound.postgres.refund_orders import PostgresRefundOrders
from billing.adapters.outbound.postgres.subscriptions import PostgresSubscriptions
from billing.adapters.outbound.postgres.top_ups import PostgresTopUps
from billing.adapters.outbound.postgres.webhooks import PostgresWebhooks
from billing.domain.checkout import Purchase
from billing.domain.events import Fact
from billing.domain.identifiers import UserId
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitOfWork


class PostgresUnitsOfWork:
    """Opens transactions in the scope of one user, or of all of them."""

    def __init__(self, engine: AsyncEngine, ids: IdSource) -> None:
        self._engine = engine
        self._ids = ids

    def of(self, user_id: UserId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one that sees this user's rows alone."""
        if user_id == SYSTEM_SCOPE:
            raise ValueError("this user's id would open the rows of all of them")
        return self._open(user_id)

    def of_system(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one that sees every user's rows."""
        return self._open(SYSTEM_SCOPE)

    @asynccontextmanager
    async def _open(self, scope: str) -> AsyncIterator[UnitOfWork]:
        async with transaction(self._engine, scope) as connection:
            yield PostgresUnitOfWork(connection, self._ids)


class PostgresUnitOfWork(
    PostgresCheckouts,
    PostgresDepartures,
    PostgresErasures,
    PostgresMoneyBack,
    PostgresPrices,
    PostgresPromotions,
    PostgresReferrals,
    PostgresRefundOrders,
    PostgresSubscriptions,
    PostgresTopUps,
    PostgresWebhooks,
):
    """One open transaction."""

    def __init__(self, connection: AsyncConnection, ids: IdSource) -> None:
        super().__init__(connection)
        self._ids = ids

    async def add_purchase(self, purchase: Purchase) -> bool:
        """Store a purchase; False when this payment has one already."""
        table = tables.purchases
        added = insert(table).values(asdict(purchase)).on_conflict_do_nothing()
        return await self._connection.scalar(added.returning(table.c.purchase_id)) is not None

    async def publish(self, fact: Fact) -> None:
        """Append the fact to the outbox."""
        event = encode(fact, event_id=self._ids.new("evt"))
        await outbox.append(self._connection, tables.outbox, event)
