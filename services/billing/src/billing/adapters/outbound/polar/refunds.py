"""Refunds that we order of Polar, which counts without the tax, and adds its share of it."""

from collections.abc import Iterable

from polar.v2026_10 import outputs

from billing.adapters.outbound.polar.answers import seen_dispute
from billing.domain.dispute import DisputeState
from billing.domain.errors import PaymentProcessorRefused
from billing.domain.identifiers import RefundOrderId

ORDER_ID = "refund_order_id"
_TAKEN = (DisputeState.OPENED, DisputeState.LOST)


def order_of(refund: outputs.Refund) -> RefundOrderId | None:
    """Return the id of the order that we made a refund of; None for one that was made elsewhere."""
    found = refund.metadata.get(ORDER_ID)
    return RefundOrderId(found) if isinstance(found, str) else None


def require_undisputed(disputes: Iterable[outputs.Dispute]) -> None:
    """Refuse what Polar would refuse in words that its SDK can't read."""
    if any(seen_dispute(dispute, None).state in _TAKEN for dispute in disputes):
        raise PaymentProcessorRefused("the payment processor refused: the payment has been charged back")


def net_of(order: outputs.Order, amount_minor: int) -> int:
    """Return what to ask for, so that with its tax so much goes back; where no cent fits, one less does.

    Raises PaymentProcessorRefused when more is asked for than is left.
    """
    left = order.refundable_amount + order.refundable_tax_amount
    if amount_minor > left:
        raise PaymentProcessorRefused("the payment processor refused: less is left of the payment")
    if amount_minor == left:
        return order.refundable_amount
    net = amount_minor * order.net_amount // order.total_amount
    return next(near for near in (net + 1, net, net - 1) if _with_tax(order, near) <= amount_minor)


def _with_tax(order: outputs.Order, net: int) -> int:
    return net + round(order.tax_amount * net / order.net_amount)
