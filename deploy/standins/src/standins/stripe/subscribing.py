"""Subscribing on the Checkout page: the money first, then the subscription and its invoice."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing import cycling
from standins.stripe.billing.invoice_document import new_invoice_payment
from standins.stripe.billing.invoicing import mark_paid
from standins.stripe.billing.starting import Terms, begin, first_invoice
from standins.stripe.buyers import Buyer, keep_card, with_customer
from standins.stripe.cards import CARDS
from standins.stripe.charging import charge_card, error_of
from standins.stripe.payments import cancel_intent, complete, intent_for
from standins.stripe.resources.payment_intents import move
from standins.stripe.resources.payment_method_document import new_method
from standins.stripe.resources.setup_intents import new_setup_intent
from standins.stripe.resources.subscriptions import trial_end_of
from standins.stripe.store import Document


def takes_card(session: Document) -> bool:
    """Whether the page asks for a card: when something is due, or one shall be kept anyway."""
    return bool(session["amount_total"]) or session["payment_method_collection"] == "always"


def subscribe(change: Change, session: Document, buyer: Buyer, *, card: str) -> None:
    """Pay what is due with a test card, or only keep it, and begin the subscription.

    A refused card leaves the session open, and nothing begun.
    """
    due = session["amount_total"] > 0
    kept = CARDS[card]
    if kept.refusal is None or (not due and kept.attaches):
        session = with_customer(change, session, buyer)
    change = change.at_time_of(session["customer"])
    intent = method = setup = None
    if due:
        method = new_method(change, card, email=buyer.email, holder=buyer.name)
        intent = charge_card(change, intent_for(change, session), method, on_session=True, authenticated=True)
        if intent["status"] != "succeeded":
            move(change, session, None, _intent=intent["id"])
            return
    elif takes_card(session):
        cancel_intent(change, session)
        if not kept.attaches and kept.refusal:
            new_setup_intent(change, session["customer"], None, error=error_of(kept.refusal))
            move(change, session, None, _setup_error=kept.refusal.message)
            return
        method = new_method(change, card, email=buyer.email, holder=buyer.name)
    if method:
        method = keep_card(change, method, session["customer"])
    if method and not due:
        setup = new_setup_intent(change, session["customer"], method)
    _begin(change, session, buyer, intent=intent, method=method, setup=setup)


def _begin(
    change: Change,
    session: Document,
    buyer: Buyer,
    *,
    intent: Document | None,
    method: Document | None,
    setup: Document | None,
) -> None:
    terms = _terms(change, session, method)
    subscription = begin(change, terms)
    subscription, invoice = first_invoice(change, subscription, terms, pays_by_balance=False)
    status = "trialing" if subscription["trial_end"] else "active"
    subscription = move(change, subscription, "customer.subscription.created", status=status)
    cycling.arrange(change, subscription)
    if intent:
        new_invoice_payment(change, invoice, intent)
    invoice = mark_paid(change, invoice, intent)
    complete(
        change,
        session,
        buyer,
        # Of a subscription the payment stands on the invoice: the session names none.
        intent=None,
        invoice=invoice,
        payment_status="paid" if intent else "no_payment_required",
        setup_intent=setup["id"] if setup else None,
        subscription=subscription["id"],
    )


def _terms(change: Change, session: Document, method: Document | None) -> Terms:
    given = session["_subscription_data"]
    items = change.store.find("item", _session=session["id"])
    labels = {"metadata": given["metadata"], "description": given.get("description")}
    labels["default_payment_method"] = method["id"] if method else None
    if given.get("trial_settings"):
        labels["trial_settings"] = given["trial_settings"]
    return Terms(
        customer=change.require("customer", session["customer"]),
        prices=[(item["price"], item["quantity"]) for item in items if item["price"]["recurring"]],
        once=[(item["price"], item["quantity"]) for item in items if not item["price"]["recurring"]],
        address=session["_address"],
        trial_end=trial_end_of(change, given.get("trial_period_days"), given.get("trial_end")),
        discounts=session["discounts"],
        taxed=session["automatic_tax"]["enabled"],
        labels=labels,
    )
