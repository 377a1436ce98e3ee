"""What becomes of a checkout session: paid at once, by a bank debit, for nothing, refused, or never."""

from __future__ import annotations

from uuid import uuid4

from standins.polar.documents import fixed_price, shown_checkout, shown_order
from standins.polar.organization import Change
from standins.polar.store import Document

OVER = ("succeeded", "expired", "failed")


def apply_discount(change: Change, checkout: Document, code: str) -> str | None:
    """Take a code's share off; return what is wrong with it, if anything."""
    found = [one for one in change.store.all("discount") if one["code"] and one["code"] == code]
    if not checkout["allow_discount_codes"] or not found:
        return "This discount code is not valid."
    amount = checkout["amount"]
    off = amount * found[0]["basis_points"] // 10_000
    change.update(
        "checkout", checkout, discount_id=found[0]["id"], discount_amount=off, net_amount=amount - off
    )
    return None


def confirm(change: Change, checkout: Document) -> str | None:
    """Take the click on Pay: the tax is known from now on. Return why it can't be paid, if so."""
    product = change.require("product", checkout["product_id"])
    price = fixed_price(product)
    if product["is_archived"] or price is None or price["id"] != checkout["_price"]["id"]:
        return "Price is archived."
    net, behavior = checkout["net_amount"], price["tax_behavior"] or "exclusive"
    percent = change.organization.settings.tax_percent
    if behavior == "inclusive":
        tax = net - round(net * 100 / (100 + percent))
        net -= tax
    else:
        tax = round(net * percent / 100)
    confirmed = change.update(
        "checkout", checkout, status="confirmed", net_amount=net, tax_amount=tax, tax_behavior=behavior
    )
    _tell(change, confirmed)
    return None


def succeed(change: Change, checkout_id: str) -> None:
    """Make the order: the money is there, or none was due."""
    checkout = change.require("checkout", checkout_id)
    if checkout["status"] != "confirmed":
        return
    number = len(change.store.all("order")) + 1
    order = change.new(
        "order",
        status="paid",
        subtotal_amount=checkout["net_amount"] + checkout["discount_amount"],
        discount_amount=checkout["discount_amount"],
        net_amount=checkout["net_amount"],
        tax_amount=checkout["tax_amount"],
        total_amount=checkout["net_amount"] + checkout["tax_amount"],
        refunded_amount=0,
        refunded_tax_amount=0,
        currency=checkout["currency"],
        invoice_number=f"STANDIN-{number:04}",
        customer_id=checkout["customer_id"],
        product_id=checkout["product_id"],
        discount_id=checkout["discount_id"],
        checkout_id=checkout_id,
        metadata=checkout["metadata"],
        _price_id=checkout["_price"]["id"],
        _item_id=str(uuid4()),
    )
    done = change.update("checkout", checkout, status="succeeded")
    change.tell("order.created", shown_order(change, order))
    change.tell("order.paid", shown_order(change, order))
    _tell(change, done)


def refuse(change: Change, checkout_id: str) -> None:
    """Open the page again, so that the buyer may pay otherwise: the money did not come."""
    checkout = change.require("checkout", checkout_id)
    if checkout["status"] == "confirmed":
        _tell(change, change.update("checkout", checkout, status="open"))


def expire(change: Change, checkout_id: str) -> None:
    """Close a page that nobody paid."""
    checkout = change.require("checkout", checkout_id)
    if checkout["status"] == "open":
        expired = change.update("checkout", checkout, status="expired")
        change.tell("checkout.expired", shown_checkout(change, expired))


ACTIONS = {"succeed": succeed, "refuse": refuse, "expire": expire}


def _tell(change: Change, checkout: Document) -> None:
    change.tell("checkout.updated", shown_checkout(change, checkout))
