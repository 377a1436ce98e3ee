"""Charging a card: what the bank says, and what is told of it."""

from __future__ import annotations

from standins.stripe import disputes
from standins.stripe.account import Change
from standins.stripe.cards import UNAUTHENTICATED, Card, Refusal, card_details, card_of
from standins.stripe.errors import DOCS, StripeError, card_error
from standins.stripe.resources.charges import new_charge
from standins.stripe.resources.payment_intents import move
from standins.stripe.store import Document, public

APPROVED = {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"}
DECLINED = {"network_status": "declined_by_network", "risk_level": "normal", "type": "issuer_declined"}


def charge_card(
    change: Change,
    intent: Document,
    method: Document,
    *,
    on_session: bool,
    authenticated: bool = False,
    next_action: Document | None = None,
) -> Document:
    """Try to charge the intent's amount to the card; returns the intent as it stands after it.

    Its status becomes `succeeded`, `requires_payment_method` with an error, or, on session,
    `requires_action` with `next_action`.
    """
    card = card_of(method)
    intent = {**intent, "payment_method": method["id"], "next_action": None}
    if _asks_for_cardholder(card, method) and not authenticated:
        if on_session:
            values = {"status": "requires_action", "next_action": next_action}
            return move(change, intent, "payment_intent.requires_action", **values)
        return refuse(change, intent, method, UNAUTHENTICATED)
    if card.refusal:
        return refuse(change, intent, method, card.refusal)
    succeeded = succeed(change, intent, _new_charge(change, intent, method, APPROVED))
    if card.dispute:
        delay_s = change.account.settings.async_payment_delay_s
        change.schedule(f"open_{card.dispute}", succeeded["latest_charge"], delay_s=delay_s)
    return succeeded


def redirect_to(address: str, return_url: str | None = None) -> Document:
    """Return the next action of a payment that waits for the cardholder: a page where they answer."""
    return {"redirect_to_url": {"return_url": return_url, "url": address}, "type": "redirect_to_url"}


def succeed(change: Change, intent: Document, charge: Document) -> Document:
    """Record that the charge brought the money."""
    amount = charge["amount"]
    paid = {"status": "succeeded", "paid": True, "captured": True, "amount_captured": amount}
    charge = move(change, charge, "charge.succeeded", **paid)
    return move(
        change,
        intent,
        "payment_intent.succeeded",
        status="succeeded",
        amount_received=amount,
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )


def fail(change: Change, intent: Document, charge: Document, error: Document) -> Document:
    """Record that the charge brought nothing; the intent can be tried again."""
    failed = {"status": "failed", "failure_code": error["code"], "failure_message": error["message"]}
    move(change, charge, "charge.failed", **failed)
    return move(
        change,
        intent,
        "payment_intent.payment_failed",
        status="requires_payment_method",
        latest_charge=charge["id"],
        payment_method=None,
        next_action=None,
        last_payment_error={**error, "charge": charge["id"]},
    )


def refuse(change: Change, intent: Document, method: Document, refusal: Refusal) -> Document:
    """Record that the bank refused the card."""
    error = {**error_of(refusal), "payment_method": public(method)}
    return fail(change, intent, _new_charge(change, intent, method, DECLINED), error)


def error_of(refusal: Refusal) -> Document:
    """Return a bank's refusal as Stripe's error object."""
    return {
        "code": refusal.code,
        "decline_code": refusal.decline_code,
        "doc_url": DOCS + refusal.code.replace("_", "-"),
        "message": refusal.message,
        "type": "card_error",
    }


def refused(intent: Document) -> StripeError:
    """Return the 402 for an intent whose charge was refused; what was done stays done."""
    last = intent["last_payment_error"]
    refusal = Refusal(last["code"], last["decline_code"], last["message"])
    more = {"charge": last["charge"], "payment_method": last["payment_method"]}
    return card_error(refusal, kept=True, payment_intent=public(intent), **more)


def dispute_charge(change: Change, charge_id: str) -> None:
    """Do the timer's action: the cardholder of a card for disputes disputes."""
    _dispute(change, charge_id, inquiry=False)


def inquire_charge(change: Change, charge_id: str) -> None:
    """Do the timer's action: the cardholder of a card for inquiries asks."""
    _dispute(change, charge_id, inquiry=True)


def _dispute(change: Change, charge_id: str, *, inquiry: bool) -> None:
    charge = change.require("charge", charge_id)
    if charge["disputed"] or charge["refunded"]:
        return
    disputes.open_dispute(change, charge, reason="fraudulent", inquiry=inquiry)


def _asks_for_cardholder(card: Card, method: Document) -> bool:
    return card.authenticates == "always" or (card.authenticates == "unless_set_up" and not method["_set_up"])


def _new_charge(change: Change, intent: Document, method: Document, outcome: Document) -> Document:
    billing = method["billing_details"]
    return new_charge(
        change,
        intent,
        email=billing["email"],
        name=billing["name"],
        payment_method_details=card_details(method),
        outcome=outcome,
    )
