"""Changes that wait for their invoice to be paid: docs.stripe.com/billing/subscriptions/pending-updates."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing.invoicing import void
from standins.stripe.store import Document

UPDATED = "customer.subscription.updated"
EXPIRES_S = 23 * 3600
FIELDS = ("_pending_invoice", "_pending_values")


def waiting(change: Change, subscription: Document, invoice: Document, values: Document) -> Document:
    """Return the subscription as it is, with a change that its invoice brings once it is paid."""
    return {
        **subscription,
        "latest_invoice": invoice["id"],
        "pending_update": {
            "billing_cycle_anchor": values.get("billing_cycle_anchor"),
            "cancel_at_period_end": None,
            "discount": None,
            "discounts": None,
            "expires_at": change.now + EXPIRES_S,
            "metadata": None,
            "subscription_items": values["items"]["data"],
            "trial_end": None,
            "trial_from_plan": None,
        },
        "_pending_invoice": invoice["id"],
        "_pending_lines": [],
        "_pending_values": values,
    }


def is_for(subscription: Document | None, invoice: Document) -> bool:
    """Whether a change of the subscription waits for this invoice."""
    return subscription is not None and subscription.get("_pending_invoice") == invoice["id"]


def apply(change: Change, subscription: Document) -> Document:
    """Let the change happen: it is paid."""
    values = subscription["_pending_values"]
    applied = change.update(_without(subscription), UPDATED, pending_update=None, **values)
    change.record("customer.subscription.pending_update_applied", applied)
    return applied


def expire(change: Change, subscription: Document) -> Document:
    """Give the change up: nobody paid, and nobody is to pay any more."""
    invoice = change.store.get("invoice", subscription["_pending_invoice"])
    if invoice and invoice["status"] == "open":
        void(change, invoice)
    expired = {**_without(subscription), "pending_update": None}
    change.store.save(expired)
    change.record("customer.subscription.pending_update_expired", expired)
    return expired


def _without(subscription: Document) -> Document:
    return {name: value for name, value in subscription.items() if name not in FIELDS}
