"""PaymentIntents; the Checkout page makes and moves them."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()


class IntentUpdate(Parameters):
    """What can be changed on a PaymentIntent here."""

    description: str | None = None
    metadata: Metadata
    receipt_email: str | None = None


class IntentList(ListParameters):
    """Filters of the list."""

    customer: str | None = None


def new_intent(
    change: Change, *, amount: int, currency: str, customer: str | None, **fields: object
) -> Document:
    """Create a PaymentIntent that waits for a payment method and record `payment_intent.created`."""
    intent_id = new_id("pi")
    document: Document = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('x')[2:]}",
        "confirmation_method": "automatic",
        "created": change.now,
        "currency": currency,
        "customer": customer,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    return change.add(document, "payment_intent.created")


def move(change: Change, intent: Document, event: str | None, **values: object) -> Document:
    """Set fields and record a state's event; unlike an update it carries no previous values."""
    moved = {**intent, **values}
    change.store.save(moved)
    if event:
        change.record(event, moved)
    return moved


@resource.operation("GET", "/v1/payment_intents/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a PaymentIntent."""
    return call.change.require("payment_intent", call.id, param="intent", status=404)


@resource.operation("POST", "/v1/payment_intents/{id}", IntentUpdate)
def update(call: Call[IntentUpdate]) -> Document:
    """Change a PaymentIntent's labels; Stripe has no event for that."""
    intent = call.change.require("payment_intent", call.id, param="intent", status=404)
    labels = call.params.given("description", "receipt_email")
    return move(
        call.change, intent, None, **labels, metadata=merged(intent["metadata"], call.params.metadata)
    )


@resource.operation("GET", "/v1/payment_intents", IntentList)
def list_(call: Call[IntentList]) -> Document:
    """List PaymentIntents."""
    where = {"customer": call.params.customer}
    return page(call.change, "payment_intent", "/v1/payment_intents", call.params, where)
