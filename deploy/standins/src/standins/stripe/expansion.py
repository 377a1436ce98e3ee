"""`expand[]`: ids replaced by the objects they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from standins.stripe.account import Change
from standins.stripe.errors import StripeError
from standins.stripe.listing import list_object
from standins.stripe.store import Document, public

DEPTH_MAX = 4

REFERENCES = {
    ("checkout.session", "customer"): "customer",
    ("checkout.session", "payment_intent"): "payment_intent",
    ("checkout.session", "invoice"): "invoice",
    ("checkout.session", "setup_intent"): "setup_intent",
    ("checkout.session", "subscription"): "subscription",
    ("customer", "invoice_settings.default_payment_method"): "payment_method",
    ("customer", "test_clock"): "test_helpers.test_clock",
    ("payment_method", "customer"): "customer",
    ("payment_intent", "customer"): "customer",
    ("payment_intent", "payment_method"): "payment_method",
    ("setup_intent", "customer"): "customer",
    ("setup_intent", "payment_method"): "payment_method",
    ("subscription", "customer"): "customer",
    ("subscription", "default_payment_method"): "payment_method",
    ("subscription", "discounts"): "discount",
    ("subscription", "latest_invoice"): "invoice",
    ("subscription", "pending_setup_intent"): "setup_intent",
    ("subscription", "schedule"): "subscription_schedule",
    ("subscription", "test_clock"): "test_helpers.test_clock",
    ("subscription_schedule", "customer"): "customer",
    ("subscription_schedule", "subscription"): "subscription",
    ("invoice", "customer"): "customer",
    ("invoice", "default_payment_method"): "payment_method",
    ("invoice", "discounts"): "discount",
    ("invoice", "parent.subscription_details.subscription"): "subscription",
    ("invoice_payment", "invoice"): "invoice",
    ("invoice_payment", "payment.payment_intent"): "payment_intent",
    ("line_item", "pricing.price_details.price"): "price",
    ("discount", "customer"): "customer",
    ("discount", "promotion_code"): "promotion_code",
    ("discount", "source.coupon"): "coupon",
    ("promotion_code", "promotion.coupon"): "coupon",
    ("billing_portal.session", "configuration"): "billing_portal.configuration",
    ("payment_intent", "latest_charge"): "charge",
    ("charge", "customer"): "customer",
    ("charge", "payment_intent"): "payment_intent",
    ("dispute", "charge"): "charge",
    ("dispute", "payment_intent"): "payment_intent",
    ("refund", "charge"): "charge",
    ("refund", "payment_intent"): "payment_intent",
    ("price", "product"): "product",
    ("product", "default_price"): "price",
}


def _line_items(change: Change, session: Document) -> Document:
    items = change.store.find("item", _session=session["id"])
    return list_object(f"/v1/checkout/sessions/{session['id']}/line_items", items)


def _refunds(change: Change, charge: Document) -> Document:
    refunds = change.store.find("refund", charge=charge["id"])[::-1]
    return list_object(f"/v1/charges/{charge['id']}/refunds", refunds)


def _payments(change: Change, invoice: Document) -> Document:
    payments = change.store.find("invoice_payment", invoice=invoice["id"])
    return list_object(f"/v1/invoice_payments?invoice={invoice['id']}", payments)


INCLUDED: dict[tuple[str, str], Callable[[Change, Document], Document]] = {
    ("checkout.session", "line_items"): _line_items,
    ("charge", "refunds"): _refunds,
    ("invoice", "payments"): _payments,
}


def expand(change: Change, document: Document, paths: list[str]) -> Document:
    """Return the document with every path expanded; refuses what cannot be expanded."""
    for path in paths:
        parts = path.split(".")
        if len([part for part in parts if part != "data"]) > DEPTH_MAX:
            raise StripeError(f"You cannot expand more than {DEPTH_MAX} levels of a property (in {path}).")
        document = _expanded(change, document, parts, path)
    return document


def _expanded(change: Change, document: Document, parts: list[str], path: str, inside: str = "") -> Document:
    """Expand along the path; `inside` is the way from the object that has a name of its own down to here."""
    if not parts:
        return document
    name, rest = parts[0], parts[1:]
    value = document.get(name)
    if document.get("object") == "list" and name == "data":
        return {**document, "data": [_expanded(change, item, rest, path) for item in document["data"]]}
    kind, within = (str(document["object"]), name) if "object" in document else _within(inside, name)
    key = (kind, within)
    if key in INCLUDED and not isinstance(value, dict):
        value = INCLUDED[key](change, document)
    elif key in REFERENCES:
        value = _found(change, REFERENCES[key], value)
    elif not (isinstance(value, dict) and rest):
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value, list):
        return {**document, name: [_expanded(change, item, rest, path) for item in value]}
    if isinstance(value, dict):
        value = _expanded(change, value, rest, path, f"{kind}/{within}")
    return {**document, name: value}


def _within(inside: str, name: str) -> tuple[str, str]:
    kind, _, way = inside.partition("/")
    return kind, f"{way}.{name}"


def _found(change: Change, kind: str, value: Any) -> Any:
    """Return the objects that ids name; what is gone stays an id, a deleted customer is a stub."""
    if isinstance(value, list):
        return [_found(change, kind, each) for each in value]
    if not isinstance(value, str):
        return value
    found = change.store.get(kind, value) or change.store.get(f"deleted_{kind}", value)
    return public(found) if found else value
