"""Customers."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.account import TEST_CLOCK, Change
from standins.stripe.billing import ending
from standins.stripe.endpoint import Call, Resource
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.methods import attach, method_named, own_method
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.resources.address import Address
from standins.stripe.store import Document

resource = Resource()
FIELDS = ("email", "name", "description", "phone", "address", "balance", "preferred_locales", "tax_exempt")


class InvoiceSettings(Nested):
    """How a customer's invoices are paid."""

    default_payment_method: str | None = None
    footer: Annotated[str, Field(max_length=5000)] | None = None


class CustomerFields(Parameters):
    """What can be set on a customer."""

    email: Annotated[str, Field(max_length=512)] | None = None
    name: Annotated[str, Field(max_length=256)] | None = None
    description: Annotated[str, Field(max_length=5000)] | None = None
    phone: Annotated[str, Field(max_length=20)] | None = None
    address: Address | None = None
    balance: int = 0
    invoice_settings: InvoiceSettings | None = None
    metadata: Metadata
    preferred_locales: Annotated[list[str], Field(max_length=10, default_factory=list)]
    tax_exempt: Literal["exempt", "none", "reverse"] = "none"


class CustomerCreate(CustomerFields):
    """A new customer, perhaps on a test clock, perhaps with a card to keep."""

    payment_method: str | None = None
    test_clock: str | None = None


class CustomerList(ListParameters):
    """Filters of the list."""

    email: str | None = None
    test_clock: str | None = None


def new_customer(change: Change, *, metadata: dict[str, str] | None = None, **fields: object) -> Document:
    """Create a customer and record `customer.created`."""
    customer_id = new_id("cus")
    document: Document = {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": change.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata or {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **fields,
    }
    return change.add(document, "customer.created")


def _invoicing(change: Change, customer: Document, asked: InvoiceSettings | None) -> Document:
    """Return the customer's invoice settings with what was asked for; only an own card can be the default."""
    given = asked.model_dump(exclude_unset=True) if asked else {}
    if method_id := given.get("default_payment_method"):
        own_method(change, method_id, customer["id"], "invoice_settings[default_payment_method]")
    return {**customer["invoice_settings"], **given}


@resource.operation("POST", "/v1/customers", CustomerCreate)
def create(call: Call[CustomerCreate]) -> Document:
    """Create a customer; on a test clock they live by its time."""
    change, params = call.change, call.params
    if params.test_clock:
        change = change.on_clock(change.require(TEST_CLOCK, params.test_clock, param="test_clock"))
    customer = new_customer(
        change,
        metadata=merged({}, params.metadata),
        test_clock=params.test_clock,
        **params.given(*FIELDS),
    )
    if params.payment_method is None and params.invoice_settings is None:
        return customer
    settings = params.invoice_settings
    if params.payment_method:
        method = attach(change, method_named(change, params.payment_method), customer["id"])
        if settings and settings.default_payment_method == params.payment_method:
            settings = settings.model_copy(update={"default_payment_method": method["id"]})
    customer["invoice_settings"] = _invoicing(change, customer, settings)
    change.store.save(customer)
    return customer


@resource.operation("GET", "/v1/customers/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a customer; a deleted one is a stub with `deleted: true`."""
    stub = call.change.store.get("deleted_customer", call.id)
    return stub or call.change.require("customer", call.id, status=404)


@resource.operation("POST", "/v1/customers/{id}", CustomerFields)
def update(call: Call[CustomerFields]) -> Document:
    """Change a customer."""
    customer = call.change.require("customer", call.id, status=404)
    values = {
        **call.params.given(*FIELDS),
        "metadata": merged(customer["metadata"], call.params.metadata),
        "invoice_settings": _invoicing(call.change, customer, call.params.invoice_settings),
    }
    return call.change.update(customer, "customer.updated", **values)


@resource.operation("DELETE", "/v1/customers/{id}", Parameters)
def delete(call: Call[Parameters]) -> Document:
    """Delete a customer for good."""
    return delete_customer(call.change, call.change.require("customer", call.id, status=404))


def delete_customer(change: Change, customer: Document) -> Document:
    """Leave a stub of a customer; their cards are nobody's any more."""
    change = change.at_time_of(customer["id"])
    for subscription in change.store.find("subscription", customer=customer["id"]):
        if subscription["status"] not in ending.ENDED:
            ending.end(change, subscription)
    change.record("customer.deleted", customer)
    for method in change.store.find("payment_method", customer=customer["id"]):
        change.store.save({**method, "customer": None})
    stub = {"id": customer["id"], "object": "customer", "deleted": True}
    change.store.sql.execute(
        "UPDATE objects SET kind = 'deleted_customer', body = ? WHERE id = ?",
        (json.dumps(stub), customer["id"]),
    )
    return stub


@resource.operation("GET", "/v1/customers", CustomerList)
def list_(call: Call[CustomerList]) -> Document:
    """List customers; those that live by a test clock only when they are asked for."""
    where = {"email": call.params.email, "test_clock": call.params.test_clock}
    off_clocks = call.params.test_clock is None
    return page(call.change, "customer", "/v1/customers", call.params, where, off_clocks=off_clocks)
