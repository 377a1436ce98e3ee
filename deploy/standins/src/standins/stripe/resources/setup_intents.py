"""SetupIntents: a card that was kept without a payment."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Parameters
from standins.stripe.store import Document

resource = Resource()


class SetupIntentList(ListParameters):
    """Filters of the list."""

    customer: str | None = None
    payment_method: str | None = None


def new_setup_intent(
    change: Change, customer: str | None, method: Document | None, *, error: Document | None = None
) -> Document:
    """Record that a card was kept, or that it was refused."""
    intent_id = new_id("seti")
    intent: Document = {
        "id": intent_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{new_id('x')[2:]}",
        "created": change.now,
        "customer": customer,
        "description": None,
        "flow_directions": None,
        "last_setup_error": error,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": method["id"] if method else None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "succeeded" if method else "requires_payment_method",
        "usage": "off_session",
    }
    change.add(intent, "setup_intent.created")
    change.record("setup_intent.succeeded" if method else "setup_intent.setup_failed", intent)
    return intent


@resource.operation("GET", "/v1/setup_intents/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a SetupIntent."""
    return call.change.require("setup_intent", call.id, param="intent", status=404)


@resource.operation("GET", "/v1/setup_intents", SetupIntentList)
def list_(call: Call[SetupIntentList]) -> Document:
    """List SetupIntents."""
    where = {"customer": call.params.customer, "payment_method": call.params.payment_method}
    return page(call.change, "setup_intent", "/v1/setup_intents", call.params, where)
