"""What a buyer may change of an open session before they pay: quantities, and a promotion code."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.errors import StripeError
from standins.stripe.resources.payment_intents import move
from standins.stripe.resources.promotion_codes import code_for
from standins.stripe.resources.session_totals import coupon_of, session_tax_percent, totals, with_amounts
from standins.stripe.store import Document


def amend(change: Change, session: Document, form: dict[str, str]) -> str | None:
    """Apply the form's quantities and promotion code; returns what is wrong with them, if anything.

    Quantities come as `quantity_<item id>`; fields that are absent change nothing.
    """
    discounts: list[Document] = session["discounts"]
    if typed := form.get("promotion_code"):
        code = code_for(change, typed) if session["allow_promotion_codes"] else None
        if code is None:
            return "This code is invalid."
        discounts = [{"coupon": code["promotion"]["coupon"], "promotion_code": code["id"]}]
    items: list[Document] = []
    for item in change.store.find("item", _session=session["id"]):
        quantity = _quantity(item, form.get(f"quantity_{item['id']}"))
        if quantity is None:
            return "This quantity is not available."
        amount = 0 if item.get("_free") else item["price"]["unit_amount"] * quantity
        items.append({**item, "quantity": quantity, "amount_subtotal": amount})
    percent = session_tax_percent(change, session)
    items = with_amounts(items, coupon_of(change, discounts), percent)
    try:
        amounts = totals(items)
    except StripeError as refused:
        return str(refused)
    for item in items:
        change.store.save(item)
    move(change, session, None, discounts=discounts, **amounts)
    return None


def _quantity(item: Document, asked: str | None) -> int | None:
    """Return the quantity that is asked for; None when it can't be had."""
    if asked is None:
        return int(item["quantity"])
    bounds = item["adjustable_quantity"]
    if bounds is None or not asked.isascii() or not asked.isdigit():
        return None
    # A session's only item can't be removed.
    return int(asked) if max(1, bounds["minimum"]) <= int(asked) <= bounds["maximum"] else None
