"""Refunds that somebody orders, from the order to what the payment processor made of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.checkout import Purchase
from billing.domain.identifiers import PaymentId, PurchaseId, RefundId, RefundOrderId, UserId
from billing.domain.refund import Refund, RefundStatus


class RefundOrderState(StrEnum):
    """OPEN: the processor may or may not have heard of it; it is asked until it answers."""

    OPEN = "open"
    MADE = "made"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """Who had how much of a purchase refunded, and why. `asked_minor` is None for all that is left.

    `actor` is a user's id, or whatever an operator is called. `refund_id` is the processor's, once it is
    MADE; `refusal` says why one was REFUSED.
    """

    order_id: RefundOrderId
    purchase_id: PurchaseId
    user_id: UserId
    payment_id: PaymentId
    asked_minor: int | None
    amount_minor: int
    reason: str
    actor: str
    idempotency_key: str
    created_at: datetime
    # When it is carried on, if nobody did until then.
    due_at: datetime
    state: RefundOrderState = RefundOrderState.OPEN
    refund_id: RefundId | None = None
    refusal: str | None = None


def left_to_refund(purchase: Purchase, refunds: Iterable[Refund], orders: Iterable[RefundOrder]) -> int:
    """Return what may still be ordered of a purchase.

    What is on its way counts as gone, and so does an order whose refund is not recorded yet: for a moment too
    little may be left, never too much.
    """
    known = {refund.refund_id: refund for refund in refunds}
    gone = sum(
        refund.amount_minor for refund in known.values() if refund.status is not RefundStatus.FAILED
    ) + sum(
        order.amount_minor
        for order in orders
        if order.state is not RefundOrderState.REFUSED and order.refund_id not in known
    )
    return max(0, purchase.amount_minor - gone)
