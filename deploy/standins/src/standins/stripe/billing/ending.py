"""How a subscription ends."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.resources.payment_intents import move
from standins.stripe.store import Document

ENDED = ("canceled", "incomplete_expired")


def end(
    change: Change,
    subscription: Document,
    *,
    reason: str | None = "cancellation_requested",
    comment: str | None = None,
    feedback: str | None = None,
) -> Document:
    """End a subscription now and record `customer.subscription.deleted`; its invoices are tried no more."""
    known = subscription["cancellation_details"]
    for invoice in change.store.find("invoice", customer=subscription["customer"]):
        parent = invoice["parent"] or {}
        if parent.get("subscription_details", {}).get("subscription") != subscription["id"]:
            continue
        if invoice["status"] in ("draft", "open"):
            move(change, invoice, None, auto_advance=False, next_payment_attempt=None)
    if subscription["schedule"]:
        schedule = change.require("subscription_schedule", subscription["schedule"])
        values = {"status": "canceled", "canceled_at": change.now, "current_phase": None}
        move(change, schedule, "subscription_schedule.canceled", **values)
    return move(
        change,
        subscription,
        "customer.subscription.deleted",
        cancellation_details={
            "comment": comment or known["comment"],
            "feedback": feedback or known["feedback"],
            "reason": reason,
        },
        canceled_at=subscription["canceled_at"] or change.now,
        ended_at=change.now,
        pause_collection=None,
        schedule=None,
        status="canceled",
    )


def expire(change: Change, subscription: Document) -> Document:
    """End a subscription whose first invoice nobody paid."""
    return move(
        change,
        subscription,
        "customer.subscription.updated",
        ended_at=change.now,
        status="incomplete_expired",
    )
