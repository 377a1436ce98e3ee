"""Stored orders of refunds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.checkout import Purchase
from billing.domain.identifiers import PurchaseId
from billing.domain.refund_order import RefundOrder


class RefundOrders(Protocol):
    """The part of a unit of work about refunds that somebody ordered."""

    async def purchase(self, purchase_id: PurchaseId) -> Purchase | None:
        """Return a purchase, locked until the end."""

    async def refund_orders(self, purchase_id: PurchaseId) -> Sequence[RefundOrder]:
        """Return every order of a purchase's refunds, oldest first."""

    async def add_refund_order(self, order: RefundOrder) -> None:
        """Store an order; its purchase is locked, so there is none of its key yet."""

    async def save_refund_order(self, order: RefundOrder) -> None:
        """Write what came of an open order, or when it is carried on; one that is no longer open stays."""

    async def claim_refund_orders(
        self, *, now: datetime, until: datetime, limit: int
    ) -> Sequence[RefundOrder]:
        """Return open orders that are due for longest, and have nobody else get them before `until`."""
