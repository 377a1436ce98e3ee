"""Orders: what was bought. One-time purchases have theirs once the money is there."""

from __future__ import annotations

from datetime import datetime

from standins.polar.api import Call, Resource, listed, matching
from standins.polar.documents import shown_order
from standins.polar.errors import invalid
from standins.polar.store import Document

resource = Resource()


@resource.operation("GET", "/v1/orders/")
def find(call: Call) -> Document:
    """List orders."""
    found = matching(call, "order", "checkout_id", "customer_id")
    if given := call.query.get("created_after"):
        after = _moment(given)
        found = [order for order in found if datetime.fromisoformat(order["created_at"]) > after]
    return listed(call, found, lambda order: shown_order(call.change, order))


@resource.operation("GET", "/v1/orders/{id}")
def get(call: Call) -> Document:
    """Return an order."""
    return shown_order(call.change, call.change.require("order", call.id))


def _moment(given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise invalid(["query", "created_after"], "Input should be a valid datetime", given) from None
    if moment.tzinfo is None:
        raise invalid(["query", "created_after"], "Input should have timezone info", given)
    return moment
