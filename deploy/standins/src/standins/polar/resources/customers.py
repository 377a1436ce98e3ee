"""Customers: one a mailbox, and one an external id."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from standins.polar.api import Body, Call, Resource, listed
from standins.polar.errors import PolarError, invalid, not_found
from standins.polar.organization import public
from standins.polar.store import Document

resource = Resource()
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)]

_OF_CUSTOMER: Document = {
    "metadata": {},
    "email_verified": False,
    "type": "individual",
    "name": None,
    "billing_name": None,
    "billing_address": None,
    "tax_id": None,
    "locale": None,
    "default_payment_method_id": None,
    "deleted_at": None,
    "first_user_event_at": None,
    "avatar_url": None,
}


class CustomerCreate(Body):
    """Who buys."""

    email: Email
    external_id: str | None = None


class CustomerUpdate(Body):
    """What changes of a customer."""

    email: Email | None = None
    external_id: str | None = None


def _living(call: Call) -> list[Document]:
    return [customer for customer in call.change.store.all("customer") if not customer["deleted_at"]]


def _refuse_taken(call: Call, given: dict[str, Any], *, except_id: str = "") -> None:
    others = [customer for customer in _living(call) if customer["id"] != except_id]
    email, external_id = given.get("email"), given.get("external_id")
    # Both at once, as Polar says them.
    problems = []
    if email and any(customer["email"].lower() == email.lower() for customer in others):
        problems.append(("email", "A customer with this email address already exists.", email))
    if external_id and any(customer["external_id"] == external_id for customer in others):
        problems.append(("external_id", "A customer with this external ID already exists.", external_id))
    if problems:
        details = [
            {"type": "value_error", "loc": ["body", field], "msg": words, "input": value}
            for field, words, value in problems
        ]
        raise PolarError(422, "PolarRequestValidationError", details)


@resource.operation("POST", "/v1/customers/", CustomerCreate, status=201)
def create(call: Call) -> Document:
    """Make a customer."""
    given = call.body.model_dump()
    _refuse_taken(call, given)
    return public(call.change.new("customer", **_OF_CUSTOMER, **given))


@resource.operation("GET", "/v1/customers/")
def find(call: Call) -> Document:
    """List customers, by their address too."""
    email = call.query.get("email")
    found = [one for one in _living(call) if email is None or one["email"].lower() == email.lower()]
    return listed(call, found, public)


@resource.operation("GET", "/v1/customers/external/{external_id}")
def get_external(call: Call) -> Document:
    """Return the customer of an external id."""
    for customer in _living(call):
        if customer["external_id"] == call.id:
            return public(customer)
    raise not_found()


@resource.operation("PATCH", "/v1/customers/{id}", CustomerUpdate)
def update(call: Call) -> Document:
    """Change a customer; an external id is set once."""
    customer = call.change.require("customer", call.id)
    given = call.body.model_dump(exclude_unset=True)
    wanted = given.get("external_id", customer["external_id"])
    if customer["external_id"] not in (None, wanted):
        raise invalid(["body", "external_id"], "Customer external ID cannot be updated.", wanted)
    _refuse_taken(call, given, except_id=customer["id"])
    return public(call.change.update("customer", customer, **given))


@resource.operation("DELETE", "/v1/customers/{id}", status=204)
def delete(call: Call) -> Document:
    """Delete a customer: address and external id are free again."""
    customer = call.change.require("customer", call.id)
    call.change.update("customer", customer, deleted_at=call.change.now, external_id=None)
    return {}
