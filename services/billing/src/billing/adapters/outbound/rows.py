"""Rows of billing's tables as what they stand for, and back."""

from dataclasses import asdict
from typing import Any

from billing.domain.checkout import Checkout, CheckoutStatus, Purchase


def from_checkout(checkout: Checkout) -> dict[str, Any]:
    """Return a checkout's columns."""
    return {**asdict(checkout), "status": checkout.status.value}


def to_checkout(row: Any) -> Checkout:
    """Return the checkout of a row."""
    return Checkout(**{**row._mapping, "status": CheckoutStatus(row.status)})


def to_purchase(row: Any) -> Purchase:
    """Return the purchase of a row."""
    return Purchase(**row._mapping)
