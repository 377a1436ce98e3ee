"""The part of the unit of work about refunds that somebody ordered, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.constraints import check_refund_order
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.checkout import Purchase
from billing.domain.identifiers import PurchaseId
from billing.domain.refund_order import RefundOrder, RefundOrderState


class MemoryRefundOrders:
    """Orders of refunds of one open transaction."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def purchase(self, purchase_id: PurchaseId) -> Purchase | None:
        """Return a purchase."""
        return self._billing.purchases.get(purchase_id)

    async def refund_orders(self, purchase_id: PurchaseId) -> Sequence[RefundOrder]:
        """Return every order of a purchase's refunds, oldest first."""
        known = (order for order in self._billing.refund_orders.values() if order.purchase_id == purchase_id)
        return sorted(known, key=lambda order: order.order_id)

    async def add_refund_order(self, order: RefundOrder) -> None:
        """Store an order."""
        check_refund_order(self._billing, order)
        self._billing.refund_orders[order.order_id] = order

    async def save_refund_order(self, order: RefundOrder) -> None:
        """Write an open order."""
        if self._billing.refund_orders[order.order_id].state is not RefundOrderState.OPEN:
            return
        check_refund_order(self._billing, order)
        self._billing.refund_orders[order.order_id] = order

    async def claim_refund_orders(
        self, *, now: datetime, until: datetime, limit: int
    ) -> Sequence[RefundOrder]:
        """Return open orders that are due for longest."""
        due = [
            order
            for order in self._billing.refund_orders.values()
            if order.state is RefundOrderState.OPEN and order.due_at <= now
        ]
        due.sort(key=lambda order: order.due_at)
        claimed = [replace(order, due_at=until) for order in due[:limit]]
        self._billing.refund_orders |= {order.order_id: order for order in claimed}
        return claimed
