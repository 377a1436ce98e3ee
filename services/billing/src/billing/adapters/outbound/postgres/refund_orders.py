"""The part of the unit of work about refunds that somebody ordered, on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chassis.claims import first_unclaimed
from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import to_purchase
from billing.domain.checkout import Purchase
from billing.domain.identifiers import PurchaseId
from billing.domain.refund_order import RefundOrder, RefundOrderState


class PostgresRefundOrders:
    """Orders of refunds; the purchase's row lock keeps those of one purchase apart."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def purchase(self, purchase_id: PurchaseId) -> Purchase | None:
        """Return a purchase, locked until the end."""
        table = tables.purchases
        query = select(table).where(table.c.purchase_id == purchase_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        return to_purchase(row) if row else None

    async def refund_orders(self, purchase_id: PurchaseId) -> Sequence[RefundOrder]:
        """Return every order of a purchase's refunds, oldest first."""
        table = tables.refund_orders
        query = select(table).where(table.c.purchase_id == purchase_id).order_by(table.c.order_id)
        return [_to_order(row) for row in await self._connection.execute(query)]

    async def add_refund_order(self, order: RefundOrder) -> None:
        """Store an order."""
        values = asdict(order) | {"state": order.state.value}
        await self._connection.execute(insert(tables.refund_orders).values(values))

    async def save_refund_order(self, order: RefundOrder) -> None:
        """Write what may change of an open order."""
        table = tables.refund_orders
        changed = (
            update(table)
            .where(table.c.order_id == order.order_id, table.c.state == RefundOrderState.OPEN.value)
            .values(
                state=order.state.value,
                refund_id=order.refund_id,
                refusal=order.refusal,
                due_at=order.due_at,
            )
        )
        await self._connection.execute(changed)

    async def claim_refund_orders(
        self, *, now: datetime, until: datetime, limit: int
    ) -> Sequence[RefundOrder]:
        """Return open orders that are due for longest, skipping what others are claiming."""
        table = tables.refund_orders
        free = first_unclaimed(
            table.c.order_id,
            due=and_(table.c.state == RefundOrderState.OPEN.value, table.c.due_at <= now),
            order_by=table.c.due_at,
            limit=limit,
        )
        claimed = update(table).where(free).values(due_at=until).returning(table)
        return [_to_order(row) for row in await self._connection.execute(claimed)]


def _to_order(row: Any) -> RefundOrder:
    return RefundOrder(**{**row._mapping, "state": RefundOrderState(row.state)})
