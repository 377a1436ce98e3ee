"""Disputes: read through the API, opened and decided elsewhere. No webhook tells of them."""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

from standins.polar.api import Call, Resource, listed, matching
from standins.polar.documents import shown_dispute
from standins.polar.organization import Change
from standins.polar.store import Document

resource = Resource()
Status = Literal["prevented", "early_warning", "needs_response", "under_review", "lost", "won"]


@resource.operation("GET", "/v1/disputes/")
def find(call: Call) -> Document:
    """List disputes."""
    found = matching(call, "dispute", "order_id", "status")
    return listed(call, found, lambda dispute: shown_dispute(call.change, dispute))


@resource.operation("GET", "/v1/disputes/{id}")
def get(call: Call) -> Document:
    """Return a dispute."""
    return shown_dispute(call.change, call.change.require("dispute", call.id))


def dispute_order(change: Change, order: Document, *, status: Status) -> Document:
    """Have a cardholder's bank take an order's money, or say that it will."""
    return change.new(
        "dispute",
        status=status,
        amount=order["net_amount"],
        tax_amount=order["tax_amount"],
        currency=order["currency"],
        reason="fraudulent",
        evidence_due_by=None,
        past_due=False,
        order_id=order["id"],
        payment_id=str(uuid4()),
        case_id=None,
    )
