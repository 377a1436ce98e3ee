"""Customers."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.store import Document

resource = Resource()
FIELDS = ("email", "name", "description", "phone", "address")


class Address(Nested):
    """A postal address."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


class CustomerFields(Parameters):
    """What can be set on a customer."""

    email: Annotated[str, Field(max_length=512)] | None = None
    name: Annotated[str, Field(max_length=256)] | None = None
    description: Annotated[str, Field(max_length=5000)] | None = None
    phone: Annotated[str, Field(max_length=20)] | None = None
    address: Address | None = None
    metadata: Metadata


class CustomerList(ListParameters):
    """Filters of the list."""

    email: str | None = None


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


@resource.operation("POST", "/v1/customers", CustomerFields)
def create(call: Call[CustomerFields]) -> Document:
    """Create a customer."""
    return new_customer(call.change, metadata=merged({}, call.params.metadata), **call.params.given(*FIELDS))


@resource.operation("GET", "/v1/customers/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a customer; a deleted one is a stub with `deleted: true`."""
    stub = call.change.store.get("deleted_customer", call.id)
    return stub or call.change.require("customer", call.id, status=404)


@resource.operation("POST", "/v1/customers/{id}", CustomerFields)
def update(call: Call[CustomerFields]) -> Document:
    """Change a customer."""
    customer = call.change.require("customer", call.id, status=404)
    metadata = merged(customer["metadata"], call.params.metadata)
    return call.change.update(customer, "customer.updated", **call.params.given(*FIELDS), metadata=metadata)


@resource.operation("DELETE", "/v1/customers/{id}", Parameters)
def delete(call: Call[Parameters]) -> Document:
    """Delete a customer for good."""
    customer = call.change.require("customer", call.id, status=404)
    call.change.record("customer.deleted", customer)
    stub = {"id": call.id, "object": "customer", "deleted": True}
    call.change.store.sql.execute(
        "UPDATE objects SET kind = 'deleted_customer', body = ? WHERE id = ?", (json.dumps(stub), call.id)
    )
    return stub


@resource.operation("GET", "/v1/customers", CustomerList)
def list_(call: Call[CustomerList]) -> Document:
    """List customers."""
    return page(call.change, "customer", "/v1/customers", call.params, {"email": call.params.email})
