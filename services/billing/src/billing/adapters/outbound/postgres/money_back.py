"""The part of the unit of work about money that went back, on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import to_dispute, to_purchase, to_refund
from billing.domain.checkout import Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.identifiers import DisputeId, PaymentId, PurchaseId, RefundId
from billing.domain.listing import Scan
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund import Refund, RefundStatus


class PostgresMoneyBack:
    """Refunds and disputes of purchases; the purchase's row lock keeps those of one payment apart."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def purchase_of_payment(self, payment_id: PaymentId) -> Purchase | None:
        """Return a payment's purchase, locked until the end."""
        table = tables.purchases
        query = select(table).where(table.c.payment_id == payment_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        return to_purchase(row) if row else None

    async def standing_of_payment(self, payment_id: PaymentId) -> PurchaseStanding | None:
        """Return a payment's purchase with its disputes, locked until the end."""
        purchase = await self.purchase_of_payment(payment_id)
        if purchase is None:
            return None
        table = tables.disputes
        query = select(table).where(table.c.purchase_id == purchase.purchase_id).order_by(table.c.dispute_id)
        found = [to_dispute(row) for row in await self._connection.execute(query)]
        return PurchaseStanding(purchase=purchase, disputes=tuple(found))

    async def refunds_of(self, purchase_id: PurchaseId) -> Sequence[Refund]:
        """Return a purchase's refunds."""
        table = tables.refunds
        query = select(table).where(table.c.purchase_id == purchase_id)
        return [to_refund(row) for row in await self._connection.execute(query)]

    async def save_refunds(self, purchase: Purchase, refunds: Sequence[Refund]) -> None:
        """Write a purchase's refunds, and what they refund of it in all."""
        bought = tables.purchases
        await self._connection.execute(
            update(bought)
            .where(bought.c.purchase_id == purchase.purchase_id)
            .values(
                refunded_minor=purchase.refunded_minor,
                refunded_credits=purchase.refunded_credits,
                refund_series=purchase.refund_series,
            )
        )
        if not refunds:
            return
        owner = {"purchase_id": purchase.purchase_id, "user_id": purchase.user_id}
        added = insert(tables.refunds).values(
            [{**asdict(refund), **owner, "status": refund.status.value} for refund in refunds]
        )
        await self._connection.execute(
            added.on_conflict_do_update(index_elements=["refund_id"], set_={"status": added.excluded.status})
        )

    async def dispute(self, dispute_id: DisputeId) -> Dispute | None:
        """Return a dispute that moved money."""
        table = tables.disputes
        row = (await self._connection.execute(select(table).where(table.c.dispute_id == dispute_id))).first()
        return to_dispute(row) if row else None

    async def save_dispute(self, dispute: Dispute) -> None:
        """Write a dispute, a new one or one that moved on."""
        added = insert(tables.disputes).values({**asdict(dispute), "state": dispute.state.value})
        moved = {name: added.excluded[name] for name in ("disputed_minor", "disputed_credits", "state")}
        await self._connection.execute(added.on_conflict_do_update(index_elements=["dispute_id"], set_=moved))

    async def recorded_payments(self, payment_ids: Sequence[PaymentId]) -> Collection[PaymentId]:
        """Return those of these payments that are purchases."""
        table = tables.purchases
        query = select(table.c.payment_id).where(table.c.payment_id.in_(payment_ids))
        return set(await self._connection.scalars(query))

    async def recorded_refunds(self, refund_ids: Sequence[RefundId]) -> Mapping[RefundId, RefundStatus]:
        """Return how those of these refunds stand that are recorded."""
        table = tables.refunds
        query = select(table.c.refund_id, table.c.status).where(table.c.refund_id.in_(refund_ids))
        return {row.refund_id: RefundStatus(row.status) for row in await self._connection.execute(query)}

    async def recorded_disputes(self, dispute_ids: Sequence[DisputeId]) -> Mapping[DisputeId, DisputeState]:
        """Return how those of these disputes stand that are recorded."""
        table = tables.disputes
        query = select(table.c.dispute_id, table.c.state).where(table.c.dispute_id.in_(dispute_ids))
        return {row.dispute_id: DisputeState(row.state) for row in await self._connection.execute(query)}

    async def scan(self, name: str) -> Scan | None:
        """Return how far a list was read."""
        table = tables.scans
        row = (await self._connection.execute(select(table).where(table.c.name == name))).first()
        return Scan(**row._mapping) if row else None

    async def save_scan(self, scan: Scan) -> None:
        """Write how far a list was read."""
        added = insert(tables.scans).values(asdict(scan))
        moved = {name: added.excluded[name] for name in ("since", "begun_at", "after")}
        await self._connection.execute(added.on_conflict_do_update(index_elements=["name"], set_=moved))
