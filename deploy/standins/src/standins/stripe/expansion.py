"""`expand[]`: ids replaced by the objects they name."""

from __future__ import annotations

from collections.abc import Callable

from standins.stripe.account import Change
from standins.stripe.errors import StripeError
from standins.stripe.listing import list_object
from standins.stripe.store import Document, public

DEPTH_MAX = 4

REFERENCES = {
    ("checkout.session", "customer"): "customer",
    ("checkout.session", "payment_intent"): "payment_intent",
    ("payment_intent", "customer"): "customer",
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


INCLUDED: dict[tuple[str, str], Callable[[Change, Document], Document]] = {
    ("checkout.session", "line_items"): _line_items,
    ("charge", "refunds"): _refunds,
}


def expand(change: Change, document: Document, paths: list[str]) -> Document:
    """Return the document with every path expanded; refuses what cannot be expanded."""
    for path in paths:
        parts = path.split(".")
        if len([part for part in parts if part != "data"]) > DEPTH_MAX:
            raise StripeError(f"You cannot expand more than {DEPTH_MAX} levels of a property (in {path}).")
        document = _expanded(change, document, parts, path)
    return document


def _expanded(change: Change, document: Document, parts: list[str], path: str) -> Document:
    if not parts:
        return document
    name, rest = parts[0], parts[1:]
    value = document.get(name)
    if document.get("object") == "list" and name == "data":
        return {**document, "data": [_expanded(change, item, rest, path) for item in document["data"]]}
    key = (str(document.get("object")), name)
    if key in INCLUDED and not isinstance(value, dict):
        value = INCLUDED[key](change, document)
    elif key in REFERENCES and isinstance(value, str):
        found = change.store.get(REFERENCES[key], value)
        value = public(found) if found else value
    elif key not in REFERENCES and not (isinstance(value, dict) and rest):
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    return {**document, name: _expanded(change, value, rest, path) if isinstance(value, dict) else value}
