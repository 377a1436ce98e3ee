"""Cards that customers keep."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.cards import CARDS, card_of
from standins.stripe.errors import StripeError, card_error, invalid, no_such
from standins.stripe.resources.payment_method_document import new_method
from standins.stripe.store import Document


def method_named(change: Change, name: str, *, param: str = "payment_method", status: int = 400) -> Document:
    """Return the payment method with that id; a test card's name makes a new one, as at Stripe."""
    if name in CARDS:
        return new_method(change, name)
    found = change.store.get("payment_method", name)
    if found is None:
        raise no_such("PaymentMethod", name, param=param, status=status)
    return found


def own_method(change: Change, name: str, customer_id: str, param: str) -> Document:
    """Return a payment method that the customer keeps; refuses everybody else's."""
    found = change.store.get("payment_method", name)
    if found is None:
        raise no_such("PaymentMethod", name, param=param)
    if found["customer"] != customer_id:
        message = (
            f"The customer does not have a payment method with the ID {name}. The payment method must be "
            "attached to the customer."
        )
        raise invalid(message, param, "resource_missing")
    return found


def attach(change: Change, method: Document, customer_id: str) -> Document:
    """Let a customer keep a payment method; a card that is declined can not be kept."""
    customer = change.require("customer", customer_id, param="customer")
    if method["customer"] == customer["id"]:
        return method
    if method["customer"]:
        message = "The payment method you provided has already been attached to a customer."
        raise StripeError(message, code="payment_method_unexpected_state")
    card = card_of(method)
    if not card.attaches and card.refusal:
        raise card_error(card.refusal)
    kept = {**method, "customer": customer["id"], "_set_up": True}
    change.store.save(kept)
    change.record("payment_method.attached", kept)
    return kept


def detach(change: Change, method: Document) -> Document:
    """Take a payment method from its customer: nobody is charged by it any more."""
    if not method["customer"]:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise invalid(message, "payment_method")
    _forget_default(change, method)
    freed = {**method, "customer": None}
    change.store.save(freed)
    change.record("payment_method.detached", freed, previous={"customer": method["customer"]})
    return freed


def _forget_default(change: Change, method: Document) -> None:
    customer = change.require("customer", method["customer"])
    invoicing = customer["invoice_settings"]
    if invoicing["default_payment_method"] == method["id"]:
        changed = {**invoicing, "default_payment_method": None}
        change.update(customer, "customer.updated", invoice_settings=changed)
    for subscription in change.store.find("subscription", default_payment_method=method["id"]):
        change.update(subscription, "customer.subscription.updated", default_payment_method=None)
