"""The invoice of a purchase that a Checkout session was asked to make out."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing.discounts import new_discounts
from standins.stripe.billing.invoice_document import new_invoice_payment
from standins.stripe.billing.invoicing import draft, finalize, mark_paid
from standins.stripe.billing.lines import once_line
from standins.stripe.store import Document


def invoice_purchase(change: Change, session: Document, intent: Document | None) -> Document | None:
    """Make out the paid invoice of a session that asked for one; otherwise None."""
    creation = session["invoice_creation"]
    if not creation or not creation["enabled"] or session["mode"] != "payment":
        return None
    asked = creation["invoice_data"]
    items = change.store.find("item", _session=session["id"])
    lines = [once_line(change, item["price"], item["quantity"], None) for item in items]
    invoice = draft(
        change,
        change.require("customer", session["customer"]),
        lines,
        reason="manual",
        currency=session["currency"],
        discounts=new_discounts(
            change, session["discounts"], customer=session["customer"], subscription=None
        ),
        taxed=session["automatic_tax"]["enabled"],
        pays_by_balance=False,
        description=asked["description"],
        footer=asked["footer"],
        metadata=asked["metadata"],
    )
    invoice = finalize(change, invoice, address=session["_address"])
    if intent:
        new_invoice_payment(change, invoice, intent)
    return mark_paid(change, invoice, intent)
