"""The lines that a subscription's invoice is made of."""

from __future__ import annotations

from datetime import UTC, datetime

from standins.stripe.account import Change
from standins.stripe.billing.discounts import coupon_behind
from standins.stripe.billing.invoice_document import new_line
from standins.stripe.billing.subscription_document import items_of, period_of
from standins.stripe.money import money
from standins.stripe.store import Document


def product_name(change: Change, price: Document) -> str:
    """Return what a price's product is called."""
    product = change.store.get("product", price["product"])
    return str(product["name"]) if product else "Product"


def period_lines(change: Change, subscription: Document, *, free: bool = False) -> list[Document]:
    """Return a line for each item's whole period; of a trial it costs nothing."""
    return [_period_line(change, subscription, item, free=free) for item in items_of(subscription)]


def _period_line(change: Change, subscription: Document, item: Document, *, free: bool) -> Document:
    price, quantity = item["price"], item["quantity"]
    name = product_name(change, price)
    if free:
        words = f"Trial period for {name}"
    else:
        each = money(price["unit_amount"], price["currency"])
        words = f"{quantity} × {name} (at {each} / {price['recurring']['interval']})"
    return new_line(
        price,
        amount=0 if free else price["unit_amount"] * quantity,
        quantity=quantity,
        description=words,
        period=(item["current_period_start"], item["current_period_end"]),
        subscription=subscription,
        item_id=item["id"],
    )


def once_line(change: Change, price: Document, quantity: int, subscription: Document | None) -> Document:
    """Return a line for a price that is paid once."""
    return new_line(
        price,
        amount=price["unit_amount"] * quantity,
        quantity=quantity,
        description=product_name(change, price),
        period=(change.now, change.now),
        subscription=subscription,
    )


def proration_lines(
    change: Change, subscription: Document, items: list[Document], *, at: int, credit: bool
) -> list[Document]:
    """Return lines for what is left of the period after `at`: given back, or charged."""
    start, end = period_of(subscription)
    coupon = coupon_behind(change, subscription["discounts"])
    kept = 1 - float(coupon["percent_off"]) / 100 if coupon and coupon["percent_off"] is not None else 1.0
    day = datetime.fromtimestamp(at, UTC).strftime("%d %b %Y")
    lines: list[Document] = []
    for item in items:
        whole = item["price"]["unit_amount"] * item["quantity"] * kept
        amount = round(whole * (end - at) / (end - start))
        word = "Unused" if credit else "Remaining"
        lines.append(
            new_line(
                item["price"],
                amount=-amount if credit else amount,
                quantity=item["quantity"],
                description=f"{word} time on {product_name(change, item['price'])} after {day}",
                period=(at, end),
                subscription=subscription,
                item_id=item["id"],
                proration=True,
            )
        )
    return lines
