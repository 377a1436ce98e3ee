"""Rows of billing's tables as what they stand for, and back."""

from dataclasses import asdict
from typing import Any

from billing.domain.checkout import Checkout, CheckoutStatus, Purchase
from billing.domain.dispute import Dispute, DisputeState
from billing.domain.refund import Refund, RefundStatus


def from_checkout(checkout: Checkout) -> dict[str, Any]:
    """Return a checkout's columns."""
    return {**asdict(checkout), "status": checkout.status.value}


def to_checkout(row: Any) -> Checkout:
    """Return the checkout of a row."""
    return Checkout(**{**row._mapping, "status": CheckoutStatus(row.status)})


def to_purchase(row: Any) -> Purchase:
    """Return the purchase of a row."""
    return Purchase(**row._mapping)


def to_refund(row: Any) -> Refund:
    """Return the refund of a row."""
    return Refund(refund_id=row.refund_id, amount_minor=row.amount_minor, status=RefundStatus(row.status))


def to_dispute(row: Any) -> Dispute:
    """Return the dispute of a row."""
    return Dispute(**{**row._mapping, "state": DisputeState(row.state)})
