"""What happens when a buyer acts on the Checkout page: each function is one step of a payment."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing.purchases import invoice_purchase
from standins.stripe.buyers import Buyer, keep_card, with_customer
from standins.stripe.cards import CARDS
from standins.stripe.charging import charge_card, fail, succeed
from standins.stripe.ids import new_id
from standins.stripe.resources.charges import new_charge
from standins.stripe.resources.payment_intents import move, new_intent
from standins.stripe.resources.payment_method_document import new_method
from standins.stripe.store import Document

DEBIT_FAILED = {
    "code": "payment_intent_payment_attempt_failed",
    "message": "The customer's account has insufficient funds to cover this payment.",
    "type": "invalid_request_error",
}


def pay_by_card(change: Change, session: Document, buyer: Buyer, *, card: str) -> None:
    """Charge a test card and complete the session; a refusal leaves it open with the same PaymentIntent."""
    if CARDS[card].refusal is None:
        session = with_customer(change, session, buyer)
    change = change.at_time_of(session["customer"])
    method = new_method(change, card, email=buyer.email, holder=buyer.name)
    # The buyer sits at the page: what their bank asks, they have answered.
    intent = charge_card(change, intent_for(change, session), method, on_session=True, authenticated=True)
    if intent["status"] != "succeeded":
        move(change, session, None, _intent=intent["id"])
        return
    if intent["setup_future_usage"] or buyer.saves_card:
        keep_card(change, method, session["customer"])
    invoice = invoice_purchase(change, session, intent)
    complete(change, session, buyer, intent=intent, invoice=invoice, payment_status="paid")


def order_at_no_cost(change: Change, session: Document, buyer: Buyer) -> None:
    """Nothing is due: the session completes without a payment method and without a payment."""
    cancel_intent(change, session)
    session = with_customer(change, session, buyer)
    invoice = invoice_purchase(change.at_time_of(session["customer"]), session, None)
    complete(change, session, buyer, intent=None, invoice=invoice, payment_status="no_payment_required")


def cancel_intent(change: Change, session: Document) -> None:
    """Cancel the intent of an earlier attempt: nothing is to be paid by it."""
    if session["_intent"]:
        intent = change.require("payment_intent", session["_intent"])
        canceled = {"status": "canceled", "canceled_at": change.now, "cancellation_reason": "automatic"}
        move(change, intent, "payment_intent.canceled", **canceled)


def start_bank_debit(change: Change, session: Document, buyer: Buyer, *, fails: bool) -> None:
    """Complete the session unpaid; the debit settles or fails after the configured delay."""
    session = with_customer(change, session, buyer)
    intent = move(change, intent_for(change, session), None, payment_method=new_id("pm"))
    last4 = "1116" if fails else "6789"
    bank = {"account_holder_type": "individual", "bank_name": "STAND-IN BANK", "last4": last4}
    details = {"type": "us_bank_account", "us_bank_account": bank}
    charge = new_charge(change, intent, email=buyer.email, name=buyer.name, payment_method_details=details)
    change.record("charge.pending", charge)
    intent = move(
        change, intent, "payment_intent.processing", status="processing", latest_charge=charge["id"]
    )
    complete(change, session, buyer, intent=intent, invoice=None, payment_status="unpaid")
    action = "fail_bank_debit" if fails else "settle_bank_debit"
    change.schedule(action, session["id"], delay_s=change.account.settings.async_payment_delay_s)


def settle_bank_debit(change: Change, session_id: str) -> None:
    """Do the timer's action: the money arrived."""
    session, intent, charge = _in_processing(change, session_id)
    intent = succeed(change, intent, charge)
    invoice = invoice_purchase(change.at_time_of(session["customer"]), session, intent)
    paid = {"payment_status": "paid", "invoice": invoice["id"] if invoice else None}
    move(change, session, "checkout.session.async_payment_succeeded", **paid)


def fail_bank_debit(change: Change, session_id: str) -> None:
    """Do the timer's action: the bank refused."""
    session, intent, charge = _in_processing(change, session_id)
    fail(change, intent, charge, DEBIT_FAILED)
    change.record("checkout.session.async_payment_failed", session)


def _in_processing(change: Change, session_id: str) -> tuple[Document, Document, Document]:
    session = change.require("checkout.session", session_id)
    intent = change.require("payment_intent", session["payment_intent"])
    return session, intent, change.require("charge", intent["latest_charge"])


def intent_for(change: Change, session: Document) -> Document:
    """Return the session's intent, made at the first attempt as Stripe does, for what is due now."""
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
    return move(change, intent, None, **due)


def complete(
    change: Change,
    session: Document,
    buyer: Buyer,
    *,
    intent: Document | None,
    invoice: Document | None,
    payment_status: str,
    **values: object,
) -> None:
    """Record that the session is complete."""
    intent_id = intent["id"] if intent else None
    details = {
        "status": "complete",
        "payment_status": payment_status,
        "payment_intent": intent_id,
        "invoice": invoice["id"] if invoice else None,
        "customer_details": buyer.details(),
        "url": None,
        "_intent": intent_id,
        **values,
    }
    move(change, session, "checkout.session.completed", **details)
