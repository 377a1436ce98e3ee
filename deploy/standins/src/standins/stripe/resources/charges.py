"""Charges: each attempt to move money for a PaymentIntent."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()


class ChargeUpdate(Parameters):
    """What can be changed on a charge here."""

    description: str | None = None
    metadata: Metadata


class ChargeList(ListParameters):
    """Filters of the list."""

    customer: str | None = None
    payment_intent: str | None = None


def new_charge(
    change: Change, intent: Document, *, email: str | None, name: str | None, **fields: object
) -> Document:
    """Store a charge with the intent's amount and metadata; its event is the caller's to record."""
    document: Document = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": email, "name": name, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "STAND-IN",
        "captured": False,
        "created": change.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": None,
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    return change.add(document)


@resource.operation("GET", "/v1/charges/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a charge."""
    return call.change.require("charge", call.id, status=404)


@resource.operation("POST", "/v1/charges/{id}", ChargeUpdate)
def update(call: Call[ChargeUpdate]) -> Document:
    """Change a charge's labels."""
    charge = call.change.require("charge", call.id, status=404)
    metadata = merged(charge["metadata"], call.params.metadata)
    return call.change.update(charge, "charge.updated", **call.params.given("description"), metadata=metadata)


@resource.operation("GET", "/v1/charges", ChargeList)
def list_(call: Call[ChargeList]) -> Document:
    """List charges."""
    where = {"customer": call.params.customer, "payment_intent": call.params.payment_intent}
    return page(call.change, "charge", "/v1/charges", call.params, where)
