"""What a session costs: its items, less what a coupon takes off."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.errors import invalid
from standins.stripe.store import Document

AMOUNT_MINOR_MIN = 50


def coupon_of(change: Change, discounts: list[Document]) -> Document | None:
    """Return the coupon behind a session's only discount."""
    return change.require("coupon", discounts[0]["coupon"]) if discounts else None


def with_discount(items: list[Document], coupon: Document | None) -> list[Document]:
    """Return the items with their amounts; an amount that is taken off is spread over them."""
    left = _taken_off(sum(item["amount_subtotal"] for item in items), coupon)
    changed: list[Document] = []
    for item in items:
        subtotal = item["amount_subtotal"]
        if coupon and coupon["percent_off"] is not None:
            off = round(subtotal * coupon["percent_off"] / 100)
        else:
            off = min(subtotal, left)
        left -= off
        changed.append({**item, "amount_discount": off, "amount_total": subtotal - off})
    return changed


def totals(items: list[Document]) -> Document:
    """Return the session's amounts. Refuses a total that no card is charged, but for nothing at all."""
    discount = sum(item["amount_discount"] for item in items)
    total = sum(item["amount_total"] for item in items)
    if 0 < total < AMOUNT_MINOR_MIN:
        message = "The Checkout Session's total amount due must add up to at least 50 cents."
        raise invalid(message, code="amount_too_small")
    return {
        "amount_subtotal": total + discount,
        "amount_total": total,
        "total_details": {"amount_discount": discount, "amount_shipping": 0, "amount_tax": 0},
    }


def _taken_off(subtotal: int, coupon: Document | None) -> int:
    if coupon is None:
        return 0
    if coupon["percent_off"] is not None:
        return round(subtotal * float(coupon["percent_off"]) / 100)
    return min(subtotal, int(coupon["amount_off"]))
