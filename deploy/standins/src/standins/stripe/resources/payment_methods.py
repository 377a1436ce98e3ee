"""Payment methods: Stripe's test cards, kept by customers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.cards import CARDS
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid, no_such
from standins.stripe.listing import page
from standins.stripe.methods import attach, detach, method_named
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.resources.address import Address
from standins.stripe.resources.payment_method_document import new_method
from standins.stripe.store import Document

resource = Resource()

TOKENS = {"tok_" + name.removeprefix("pm_card_"): name for name in CARDS}


class CardData(Nested):
    """A card, by the token of a test card; numbers are not taken here."""

    token: str


class BillingDetails(Nested):
    """Whose card it is."""

    address: Address | None = None
    email: str | None = None
    name: str | None = None
    phone: str | None = None


class MethodCreate(Parameters):
    """A new payment method."""

    type: Literal["card"]
    card: CardData
    billing_details: BillingDetails | None = None
    metadata: Metadata


class MethodUpdate(Parameters):
    """What can be changed on a payment method here."""

    billing_details: BillingDetails | None = None
    metadata: Metadata


class MethodAttach(Parameters):
    """Who keeps it."""

    customer: str


class MethodList(ListParameters):
    """Filters of the list."""

    customer: str | None = None
    type: Literal["card", "us_bank_account"] | None = None
    allow_redisplay: Literal["always", "limited", "unspecified"] | None = None


class CustomerMethodList(ListParameters):
    """Filters of a customer's list."""

    type: Annotated[str, Field(max_length=50)] | None = None


@resource.operation("POST", "/v1/payment_methods", MethodCreate)
def create(call: Call[MethodCreate]) -> Document:
    """Make a payment method of a test card's token, such as `tok_visa`."""
    params = call.params
    if params.card.token not in TOKENS:
        raise no_such("token", params.card.token, param="card[token]")
    method = new_method(call.change, TOKENS[params.card.token])
    details = params.billing_details.model_dump(exclude_unset=True) if params.billing_details else {}
    named = {
        **method,
        "billing_details": {**method["billing_details"], **details},
        "metadata": merged({}, params.metadata),
    }
    return call.change.add(named)


@resource.operation("GET", "/v1/payment_methods/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a payment method."""
    return method_named(call.change, call.id, status=404)


@resource.operation("POST", "/v1/payment_methods/{id}", MethodUpdate)
def update(call: Call[MethodUpdate]) -> Document:
    """Change the labels of a payment method that a customer keeps."""
    params = call.params
    method = method_named(call.change, call.id, status=404)
    if not method["customer"]:
        raise invalid("You must save this PaymentMethod to a customer before you can update it.")
    details = params.billing_details.model_dump(exclude_unset=True) if params.billing_details else {}
    return call.change.update(
        method,
        "payment_method.updated",
        billing_details={**method["billing_details"], **details},
        metadata=merged(method["metadata"], params.metadata),
    )


@resource.operation("POST", "/v1/payment_methods/{id}/attach", MethodAttach)
def attach_(call: Call[MethodAttach]) -> Document:
    """Let a customer keep it."""
    return attach(call.change, method_named(call.change, call.id, status=404), call.params.customer)


@resource.operation("POST", "/v1/payment_methods/{id}/detach", Parameters)
def detach_(call: Call[Parameters]) -> Document:
    """Take it from its customer."""
    return detach(call.change, method_named(call.change, call.id, status=404))


@resource.operation("GET", "/v1/payment_methods", MethodList)
def list_(call: Call[MethodList]) -> Document:
    """List what a customer keeps."""
    params = call.params
    where = {"customer": params.customer, "type": params.type, "allow_redisplay": params.allow_redisplay}
    return page(call.change, "payment_method", "/v1/payment_methods", params, where)


@resource.operation("GET", "/v1/customers/{id}/payment_methods", CustomerMethodList)
def of_customer(call: Call[CustomerMethodList]) -> Document:
    """List what one customer keeps."""
    call.change.require("customer", call.id, param="customer", status=404)
    where = {"customer": call.id, "type": call.params.type}
    return page(call.change, "payment_method", f"/v1/customers/{call.id}/payment_methods", call.params, where)
