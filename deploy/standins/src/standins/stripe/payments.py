"""What happens when a buyer acts on the Checkout page: each function is one step of a payment."""

from __future__ import annotations

from dataclasses import dataclass

from standins.stripe.account import Change
from standins.stripe.ids import new_id
from standins.stripe.resources.charges import new_charge
from standins.stripe.resources.customers import new_customer
from standins.stripe.resources.payment_intents import move, new_intent
from standins.stripe.resources.session_document import details_of
from standins.stripe.store import Document

CARD_DECLINED = {
    "code": "card_declined",
    "decline_code": "generic_decline",
    "doc_url": "https://stripe.com/docs/error-codes/card-declined",
    "message": "Your card was declined.",
    "type": "card_error",
}
DEBIT_FAILED = {
    "code": "payment_intent_payment_attempt_failed",
    "message": "The customer's account has insufficient funds to cover this payment.",
    "type": "invalid_request_error",
}


@dataclass(frozen=True)
class Buyer:
    """What the buyer typed into the page."""

    email: str | None
    name: str | None


def pay_by_card(change: Change, session: Document, buyer: Buyer, *, last4: str = "4242") -> None:
    """Charge the card and complete the session as paid; some cards take refunds in their own way."""
    session = _with_customer(change, session, buyer)
    intent = _intent_for(change, session)
    charge = new_charge(
        change,
        intent,
        email=buyer.email,
        name=buyer.name,
        payment_method_details=_card(last4),
        outcome={"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
    )
    _succeed(change, intent, charge)
    _complete(change, session, intent, buyer, payment_status="paid")


def order_at_no_cost(change: Change, session: Document, buyer: Buyer) -> None:
    """Nothing is due: the session completes without a payment method and without a payment."""
    if session["_intent"]:
        intent = change.require("payment_intent", session["_intent"])
        canceled = {"status": "canceled", "canceled_at": change.now, "cancellation_reason": "automatic"}
        move(change, intent, "payment_intent.canceled", **canceled)
    session = _with_customer(change, session, buyer)
    _complete(change, session, None, buyer, payment_status="no_payment_required")


def decline_card(change: Change, session: Document, buyer: Buyer) -> None:
    """Refuse the card; the session stays open for another attempt with the same PaymentIntent."""
    intent = _intent_for(change, session)
    charge = new_charge(
        change,
        intent,
        email=buyer.email,
        name=buyer.name,
        payment_method_details=_card("0002"),
        outcome={"network_status": "declined_by_network", "risk_level": "normal", "type": "issuer_declined"},
    )
    _fail(change, intent, charge, CARD_DECLINED)
    move(change, session, None, _intent=intent["id"])


def start_bank_debit(change: Change, session: Document, buyer: Buyer, *, fails: bool) -> None:
    """Complete the session unpaid; the debit settles or fails after the configured delay."""
    session = _with_customer(change, session, buyer)
    intent = _intent_for(change, session)
    last4 = "1116" if fails else "6789"
    bank = {"account_holder_type": "individual", "bank_name": "STAND-IN BANK", "last4": last4}
    details = {"type": "us_bank_account", "us_bank_account": bank}
    charge = new_charge(change, intent, email=buyer.email, name=buyer.name, payment_method_details=details)
    change.record("charge.pending", charge)
    intent = move(
        change, intent, "payment_intent.processing", status="processing", latest_charge=charge["id"]
    )
    _complete(change, session, intent, buyer, payment_status="unpaid")
    action = "fail_bank_debit" if fails else "settle_bank_debit"
    change.schedule(action, session["id"], delay_s=change.account.settings.async_payment_delay_s)


def settle_bank_debit(change: Change, session_id: str) -> None:
    """Do the timer's action: the money arrived."""
    session, intent, charge = _in_processing(change, session_id)
    _succeed(change, intent, charge)
    move(change, session, "checkout.session.async_payment_succeeded", payment_status="paid")


def fail_bank_debit(change: Change, session_id: str) -> None:
    """Do the timer's action: the bank refused."""
    session, intent, charge = _in_processing(change, session_id)
    _fail(change, intent, charge, DEBIT_FAILED)
    change.record("checkout.session.async_payment_failed", session)


def _in_processing(change: Change, session_id: str) -> tuple[Document, Document, Document]:
    session = change.require("checkout.session", session_id)
    intent = change.require("payment_intent", session["payment_intent"])
    return session, intent, change.require("charge", intent["latest_charge"])


def _intent_for(change: Change, session: Document) -> Document:
    """Return the session's intent, made at the first attempt as Stripe does, with a fresh payment method."""
    if session["_intent"]:
        intent = change.require("payment_intent", session["_intent"])
    else:
        intent = new_intent(
            change,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=session["customer"],
            **{**session["_intent_data"], "payment_method_types": session["payment_method_types"]},
        )
    # The buyer may have changed the quantity since the last attempt.
    due = {"amount": session["amount_total"], "customer": session["customer"]}
    return move(change, intent, None, payment_method=new_id("pm"), **due)


def _with_customer(change: Change, session: Document, buyer: Buyer) -> Document:
    """Return the session with a customer of its own, where it was asked to make one."""
    if session["customer"] or session["customer_creation"] != "always":
        return session
    return {**session, "customer": new_customer(change, email=buyer.email, name=buyer.name)["id"]}


def _succeed(change: Change, intent: Document, charge: Document) -> None:
    amount = charge["amount"]
    charge = move(
        change,
        charge,
        "charge.succeeded",
        status="succeeded",
        paid=True,
        captured=True,
        amount_captured=amount,
    )
    move(
        change,
        intent,
        "payment_intent.succeeded",
        status="succeeded",
        amount_received=amount,
        latest_charge=charge["id"],
        last_payment_error=None,
    )


def _fail(change: Change, intent: Document, charge: Document, error: dict[str, str]) -> None:
    failed = {"status": "failed", "failure_code": error["code"], "failure_message": error["message"]}
    move(change, charge, "charge.failed", **failed)
    move(
        change,
        intent,
        "payment_intent.payment_failed",
        status="requires_payment_method",
        latest_charge=charge["id"],
        payment_method=None,
        last_payment_error={**error, "charge": charge["id"]},
    )


def _complete(
    change: Change, session: Document, intent: Document | None, buyer: Buyer, *, payment_status: str
) -> None:
    intent_id = intent["id"] if intent else None
    move(
        change,
        session,
        "checkout.session.completed",
        status="complete",
        payment_status=payment_status,
        payment_intent=intent_id,
        customer_details=details_of(buyer.email, buyer.name),
        url=None,
        _intent=intent_id,
    )


def _card(last4: str) -> Document:
    card = {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit"}
    return {"type": "card", "card": {**card, "last4": last4}}
