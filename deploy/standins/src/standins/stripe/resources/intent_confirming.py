"""Making PaymentIntents and confirming them with a card: on session, or without the customer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.billing.collecting import settle
from standins.stripe.charging import charge_card, redirect_to, refused
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import StripeError, invalid
from standins.stripe.methods import attach, method_named, own_method
from standins.stripe.parameters import Metadata, Nested, Parameters, merged
from standins.stripe.resources.payment_intents import move, new_intent
from standins.stripe.resources.prices import Currency
from standins.stripe.store import Document

resource = Resource()

AMOUNT_MINOR_MIN = 50
TRIABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
Url = Annotated[str, Field(pattern=r"^https?://", max_length=5000)]


class AutomaticMethods(Nested):
    """Whether methods are chosen by the account's settings."""

    enabled: bool
    allow_redirects: Literal["always", "never"] | None = None


class Confirming(Parameters):
    """What a confirmation says."""

    off_session: bool = False
    payment_method: str | None = None
    return_url: Url | None = None
    setup_future_usage: Literal["off_session", "on_session"] | None = None


class IntentCreate(Confirming):
    """A new intent, perhaps confirmed at once."""

    amount: Annotated[int, Field(ge=1, le=99_999_999)]
    currency: Currency
    automatic_payment_methods: AutomaticMethods | None = None
    confirm: bool = False
    customer: str | None = None
    description: Annotated[str, Field(max_length=1000)] | None = None
    metadata: Metadata
    payment_method_types: list[Literal["card"]] | None = None
    receipt_email: str | None = None
    statement_descriptor_suffix: Annotated[str, Field(max_length=22)] | None = None


class IntentCancel(Parameters):
    """Why it is canceled."""

    cancellation_reason: Literal["abandoned", "duplicate", "fraudulent", "requested_by_customer"] | None = (
        None
    )


@resource.operation("POST", "/v1/payment_intents", IntentCreate)
def create(call: Call[IntentCreate]) -> Document:
    """Create an intent; with `confirm` the card is charged at once."""
    params = call.params
    change = call.change.at_time_of(params.customer)
    if params.customer:
        change.require("customer", params.customer, param="customer")
    if params.amount < AMOUNT_MINOR_MIN:
        message = "Amount must convert to at least 50 cents."
        raise invalid(message, "amount", "amount_too_small")
    if params.off_session and not params.confirm:
        message = "You can only set `off_session` when `confirm` is true."
        raise invalid(message, "off_session")
    method = _method(change, params.payment_method, params.customer)
    labels = params.given("description", "receipt_email", "statement_descriptor_suffix", "setup_future_usage")
    automatic = params.automatic_payment_methods
    intent = new_intent(
        change,
        amount=params.amount,
        currency=params.currency.lower(),
        customer=params.customer,
        automatic_payment_methods=automatic.model_dump(exclude_none=True) if automatic else None,
        metadata=merged({}, params.metadata),
        payment_method=method["id"] if method else None,
        status="requires_confirmation" if method else "requires_payment_method",
        **labels,
    )
    return _confirmed(call, change, intent, method) if params.confirm else intent


@resource.operation("POST", "/v1/payment_intents/{id}/confirm", Confirming)
def confirm(call: Call[Confirming]) -> Document:
    """Charge the card; a refusal answers 402, and the intent can be confirmed again."""
    found = call.change.require("payment_intent", call.id, param="intent", status=404)
    change = call.change.at_time_of(found["customer"])
    if found["status"] not in TRIABLE:
        raise _unexpected(found, "confirm")
    given = call.params.payment_method or found["payment_method"]
    method = _method(change, given, found["customer"])
    labels = call.params.given("setup_future_usage")
    return _confirmed(call, change, move(change, found, None, **labels), method)


@resource.operation("POST", "/v1/payment_intents/{id}/cancel", IntentCancel)
def cancel(call: Call[IntentCancel]) -> Document:
    """Cancel an intent that is not paid."""
    found = call.change.require("payment_intent", call.id, param="intent", status=404)
    if found["status"] not in TRIABLE:
        raise _unexpected(found, "cancel")
    if call.change.store.find("invoice_payment", **{"payment.payment_intent": found["id"]}):
        message = "You cannot cancel a PaymentIntent that pays an invoice. Void the invoice instead."
        raise invalid(message, code="payment_intent_unexpected_state")
    change = call.change.at_time_of(found["customer"])
    values = {"status": "canceled", "canceled_at": change.now, "next_action": None}
    reason = call.params.cancellation_reason
    return move(change, found, "payment_intent.canceled", **values, cancellation_reason=reason)


def _method(change: Change, name: str | None, customer_id: str | None) -> Document | None:
    if name is None:
        return None
    if customer_id and not name.startswith("pm_card_"):
        return own_method(change, name, customer_id, "payment_method")
    return method_named(change, name)


def _confirmed(call: Call[Any], change: Change, intent: Document, method: Document | None) -> Document:
    params: Confirming = call.params
    if method is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
            "update the PaymentIntent with a payment method and then confirm it again, or confirm it again "
            "directly with a payment method or ConfirmationToken."
        )
        raise StripeError(message, code="payment_intent_unexpected_state")
    address = f"{call.address}/authenticate/{intent['id']}"
    intent = charge_card(
        change,
        intent,
        method,
        on_session=not params.off_session,
        next_action=redirect_to(address, params.return_url),
    )
    if intent["status"] == "requires_payment_method":
        raise refused(intent)
    if intent["status"] == "requires_action":
        return intent
    if intent["setup_future_usage"] and intent["customer"] and not method["customer"]:
        attach(change, method, intent["customer"])
    settle(change, intent)
    return intent


def _unexpected(intent: Document, verb: str) -> StripeError:
    message = (
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a "
        f"PaymentIntent with one of the following statuses may be {verb}ed: {', '.join(TRIABLE)}."
    )
    return StripeError(message, code="payment_intent_unexpected_state")
