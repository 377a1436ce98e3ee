"""What unpaid invoices do to a subscription, and what paid ones undo."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing import ending
from standins.stripe.billing.periods import DAY_S
from standins.stripe.store import Document

UPDATED = "customer.subscription.updated"
MODE = "dunning"


def after_retries(change: Change) -> str:
    """Return what a subscription becomes in the end: `canceled`, `unpaid` or `past_due`."""
    return str(change.store.recall(MODE, {"after_retries": "canceled"})["after_retries"])


def next_attempt_at(change: Change, subscription: Document | None, attempts: int) -> int | None:
    """Return when a charge is tried again after so many; None when nobody tries any more."""
    delays = change.account.settings.retry_delays_days
    # What was never paid is not begun: there Stripe waits for the customer.
    if subscription is None or subscription["status"] in ("incomplete", *ending.ENDED):
        return None
    return change.now + round(delays[attempts - 1] * DAY_S) if attempts <= len(delays) else None


def fall_behind(change: Change, subscription: Document, *, gives_up: bool) -> None:
    """Let a failed charge show: past due while it is tried again, and in the end what the settings say."""
    if subscription["status"] not in ("active", "trialing", "past_due"):
        return
    customer = change.require("customer", subscription["customer"])
    change.update(customer, "customer.updated", delinquent=True)
    if not gives_up:
        change.update(subscription, UPDATED, status="past_due")
        return
    final = after_retries(change)
    if final == "canceled":
        ending.end(change, subscription, reason="payment_failed")
    else:
        change.update(subscription, UPDATED, status=final)


def recover(change: Change, subscription: Document) -> None:
    """Let a payment show: what waited for money is active once nothing is owed any more."""
    if subscription["status"] not in ("incomplete", "past_due", "unpaid"):
        return
    owed = [
        invoice
        for invoice in change.store.find("invoice", customer=subscription["customer"], status="open")
        if (invoice["parent"] or {}).get("subscription_details", {}).get("subscription") == subscription["id"]
    ]
    if owed and subscription["latest_invoice"] in [invoice["id"] for invoice in owed]:
        return
    customer = change.require("customer", subscription["customer"])
    if not owed:
        change.update(customer, "customer.updated", delinquent=False)
    change.update(subscription, UPDATED, status="active")
