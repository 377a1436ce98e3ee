"""Getting an open invoice paid, and what that means for its subscription."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing import dunning, pending_updates
from standins.stripe.billing.invoicing import intent_of, mark_paid
from standins.stripe.charging import charge_card, redirect_to
from standins.stripe.resources.payment_intents import move
from standins.stripe.store import Document


def subscription_of(change: Change, invoice: Document) -> Document | None:
    """Return the subscription that an invoice is for."""
    parent = invoice["parent"]
    if not parent or not parent["subscription_details"]:
        return None
    return change.store.get("subscription", parent["subscription_details"]["subscription"])


def method_for(change: Change, invoice: Document) -> Document | None:
    """Return the card that pays an invoice: its own, its subscription's, or its customer's default."""
    subscription = subscription_of(change, invoice)
    customer = change.require("customer", invoice["customer"])
    candidates = (
        invoice["default_payment_method"],
        subscription["default_payment_method"] if subscription else None,
        customer["invoice_settings"]["default_payment_method"],
    )
    found = next((each for each in candidates if each), None)
    return change.store.get("payment_method", found) if found else None


def collect(
    change: Change,
    invoice: Document,
    *,
    method: Document | None = None,
    on_session: bool = False,
    authenticated: bool = False,
) -> Document:
    """Try to get an open invoice paid; returns it as it stands after that."""
    if invoice["amount_due"] == 0:
        return paid(change, invoice, None)
    intent = intent_of(change, invoice)
    method = method or method_for(change, invoice)
    if method is None:
        return _failed(change, invoice, needs_cardholder=False)
    # Of an invoice the bank may always ask for the cardholder: the invoice's page is where they answer.
    action = redirect_to(invoice["hosted_invoice_url"])
    intent = charge_card(
        change, intent, method, on_session=True, authenticated=authenticated, next_action=action
    )
    if intent["status"] == "succeeded":
        return paid(change, invoice, intent)
    if intent["status"] == "requires_action" and on_session:
        return invoice
    return _failed(change, invoice, needs_cardholder=intent["status"] == "requires_action")


def paid(change: Change, invoice: Document, intent: Document | None) -> Document:
    """Record that an invoice is paid and what its subscription makes of it."""
    invoice = mark_paid(change, invoice, intent)
    subscription = subscription_of(change, invoice)
    if subscription and pending_updates.is_for(subscription, invoice):
        pending_updates.apply(change, subscription)
    elif subscription:
        dunning.recover(change, subscription)
    return invoice


def settle(change: Change, intent: Document) -> None:
    """Record that the invoice is paid whose payment succeeded somewhere else than here."""
    found = change.store.find("invoice_payment", **{"payment.payment_intent": intent["id"]})
    for payment in found:
        if payment["status"] == "open" and intent["status"] == "succeeded":
            paid(change, change.require("invoice", payment["invoice"]), intent)


def _failed(change: Change, invoice: Document, *, needs_cardholder: bool) -> Document:
    subscription = subscription_of(change, invoice)
    count = invoice["attempt_count"] + 1
    waits = pending_updates.is_for(subscription, invoice)
    again_at = None if waits else dunning.next_attempt_at(change, subscription, count)
    invoice = move(
        change,
        invoice,
        "invoice.payment_failed",
        attempt_count=count,
        attempted=True,
        next_payment_attempt=again_at,
        auto_advance=again_at is not None,
    )
    if needs_cardholder:
        change.record("invoice.payment_action_required", invoice)
    if again_at is not None:
        change.schedule_at("retry_invoice", invoice["id"], due_at=again_at)
    if subscription and not waits:
        dunning.fall_behind(change, subscription, gives_up=again_at is None)
    return invoice


def retry(change: Change, invoice_id: str) -> None:
    """Do the timer's action: try again, unless somebody paid, or ended it all, in the meantime."""
    invoice = change.store.get("invoice", invoice_id)
    if invoice is None or invoice["status"] != "open" or invoice["next_payment_attempt"] is None:
        return
    if invoice["next_payment_attempt"] <= change.now:
        collect(change, invoice)
