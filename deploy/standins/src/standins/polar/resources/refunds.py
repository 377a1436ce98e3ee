"""Refunds of orders. Amounts are without tax; the share of the tax comes on top."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.polar.api import Body, Call, Resource, listed, matching
from standins.polar.documents import shown_order
from standins.polar.errors import PolarError, invalid
from standins.polar.organization import Change, public
from standins.polar.resources.products import Metadata
from standins.polar.store import Document

resource = Resource()
TAKEN = ("needs_response", "under_review", "lost")
Status = Literal["pending", "succeeded", "failed", "canceled"]


class RefundCreate(Body):
    """How much of an order goes back."""

    order_id: str
    reason: Literal[
        "duplicate",
        "fraudulent",
        "customer_request",
        "service_disruption",
        "satisfaction_guarantee",
        "other",
    ]
    amount: Annotated[int, Field(gt=0)]
    comment: str | None = None
    metadata: Metadata = Field(default_factory=dict)


@resource.operation("POST", "/v1/refunds/", RefundCreate, status=201)
def create(call: Call) -> Document:
    """Refund a part of an order, or what is left of it."""
    change, given = call.change, call.body
    order = change.store.get("order", given.order_id)
    if order is None:
        raise invalid(["body", "order_id"], "Order not found", given.order_id)
    if order["status"] == "refunded":
        raise PolarError(403, "RefundedAlready", f"Order is already fully refunded: {order['id']}")
    if any(dispute["status"] in TAKEN for dispute in _disputes_of(change, order)):
        words = f"Refund cannot be issued for order with disputed payment: {order['id']}"
        raise PolarError(403, "RefundDisputedPayment", words)
    left = order["net_amount"] - order["refunded_amount"]
    if given.amount > left:
        raise invalid(["body", "amount"], "Refund amount exceeds refundable amount", given.amount)
    return public(_refund(change, order, given))


@resource.operation("GET", "/v1/refunds/")
def find(call: Call) -> Document:
    """List refunds."""
    return listed(call, matching(call, "refund", "order_id"), public)


def _disputes_of(change: Change, order: Document) -> list[Document]:
    return [dispute for dispute in change.store.all("dispute") if dispute["order_id"] == order["id"]]


def _refund(change: Change, order: Document, given: RefundCreate) -> Document:
    left = order["net_amount"] - order["refunded_amount"]
    left_of_tax = order["tax_amount"] - order["refunded_tax_amount"]
    share = round(order["tax_amount"] * given.amount / order["net_amount"])
    refund = change.new(
        "refund",
        status="pending",
        reason=given.reason,
        amount=given.amount,
        # The last refund takes what is left of the tax.
        tax_amount=left_of_tax if given.amount == left else min(share, left_of_tax),
        currency=order["currency"],
        order_id=order["id"],
        subscription_id=None,
        customer_id=order["customer_id"],
        revoke_benefits=False,
        metadata=given.metadata,
        dispute=None,
    )
    return move(change, refund, "succeeded", event="refund.created")


def move(change: Change, refund: Document, status: Status, *, event: str = "refund.updated") -> Document:
    """Bring a refund to a status; what is refunded of its order follows."""
    moved = refund if refund["status"] == status else change.update("refund", refund, status=status)
    change.tell(event, public(moved))
    before, after = refund["status"] == "succeeded", status == "succeeded"
    if before != after:
        _count(change, moved, 1 if after else -1)
    return moved


def _count(change: Change, refund: Document, sign: int) -> None:
    order = change.require("order", refund["order_id"])
    refunded = order["refunded_amount"] + sign * refund["amount"]
    tax = order["refunded_tax_amount"] + sign * refund["tax_amount"]
    total = refunded + tax
    status = "partially_refunded" if 0 < total < order["total_amount"] else "refunded" if total else "paid"
    order = change.update("order", order, refunded_amount=refunded, refunded_tax_amount=tax, status=status)
    change.tell("order.updated", shown_order(change, order))
    if sign > 0:
        change.tell("order.refunded", shown_order(change, order))
