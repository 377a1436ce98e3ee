"""What a session costs: its items, less what a coupon takes off, with tax."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.amounts import taken_off, tax_on, tax_percent
from standins.stripe.errors import invalid
from standins.stripe.store import Document

AMOUNT_MINOR_MIN = 50


def coupon_of(change: Change, discounts: list[Document]) -> Document | None:
    """Return the coupon behind a session's only discount."""
    return change.require("coupon", discounts[0]["coupon"]) if discounts else None


def session_tax_percent(change: Change, session: Document) -> float:
    """Return the rate that a session adds; without automatic tax, none."""
    return tax_percent(change) if session["automatic_tax"]["enabled"] else 0.0


def with_amounts(items: list[Document], coupon: Document | None, percent: float) -> list[Document]:
    """Return the items with what is taken off and the tax on the rest."""
    off = taken_off([item["amount_subtotal"] for item in items], coupon)
    changed: list[Document] = []
    for item, less in zip(items, off, strict=True):
        left = item["amount_subtotal"] - less
        behavior = item["price"]["tax_behavior"]
        tax = tax_on(left, percent, behavior)
        total = left if behavior == "inclusive" else left + tax
        changed.append({**item, "amount_discount": less, "amount_tax": tax, "amount_total": total})
    return changed


def totals(items: list[Document]) -> Document:
    """Return the session's amounts. Refuses a total that no card is charged, but for nothing at all."""
    discount = sum(item["amount_discount"] for item in items)
    total = sum(item["amount_total"] for item in items)
    if 0 < total < AMOUNT_MINOR_MIN:
        message = "The Checkout Session's total amount due must add up to at least 50 cents."
        raise invalid(message, code="amount_too_small")
    tax = sum(item["amount_tax"] for item in items)
    return {
        "amount_subtotal": sum(item["amount_subtotal"] for item in items),
        "amount_total": total,
        "total_details": {"amount_discount": discount, "amount_shipping": 0, "amount_tax": tax},
    }
