"""What a coupon takes off several amounts, and the tax on what is left."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.store import Document

TAX = "tax"


def taken_off(amounts: list[int], coupon: Document | None) -> list[int]:
    """Return what a coupon takes off each amount; a fixed amount is spread over them in their order."""
    if coupon is None:
        return [0] * len(amounts)
    if coupon["percent_off"] is not None:
        return [round(amount * float(coupon["percent_off"]) / 100) for amount in amounts]
    left, off = int(coupon["amount_off"]), []
    for amount in amounts:
        off.append(min(max(amount, 0), left))
        left -= off[-1]
    return off


def tax_percent(change: Change) -> float:
    """Return the flat rate that automatic tax charges."""
    return float(change.store.recall(TAX, {"percent": change.account.settings.tax_percent})["percent"])


def tax_on(amount: int, percent: float, behavior: str | None) -> int:
    """Return the tax on an amount: on top of it, or the part of it that is tax."""
    if behavior == "inclusive":
        return amount - round(amount / (1 + percent / 100))
    return round(amount * percent / 100)
