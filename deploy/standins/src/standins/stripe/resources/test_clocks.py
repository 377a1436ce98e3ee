"""Test clocks: customers on one live by its time, which moves when somebody advances it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.stripe import clocks, timers
from standins.stripe.account import TEST_CLOCK
from standins.stripe.endpoint import Call, Resource
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Parameters
from standins.stripe.resources.customers import delete_customer
from standins.stripe.store import Document

resource = Resource()

Moment = Annotated[int, Field(ge=0, le=7_258_118_400)]


class ClockCreate(Parameters):
    """A new clock and where it stands."""

    frozen_time: Moment
    name: Annotated[str, Field(max_length=300)] | None = None


class ClockAdvance(Parameters):
    """Where the clock goes."""

    frozen_time: Moment


@resource.operation("POST", "/v1/test_helpers/test_clocks", ClockCreate)
def create(call: Call[ClockCreate]) -> Document:
    """Create a clock that stands still."""
    change, params = call.change, call.params
    return clocks.new_clock(change, frozen_time=params.frozen_time, name=params.name)


@resource.operation("GET", "/v1/test_helpers/test_clocks/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a clock."""
    return call.change.require(TEST_CLOCK, call.id, status=404)


@resource.operation("POST", "/v1/test_helpers/test_clocks/{id}/advance", ClockAdvance)
def advance(call: Call[ClockAdvance]) -> Document:
    """Set a clock in motion; once it is `ready`, everything up to then has happened."""
    clock = call.change.require(TEST_CLOCK, call.id, status=404)
    return clocks.begin(call.change, clock, call.params.frozen_time)


@resource.operation("DELETE", "/v1/test_helpers/test_clocks/{id}", Parameters)
def delete(call: Call[Parameters]) -> Document:
    """Delete a clock together with its customers."""
    change = call.change
    clock = change.require(TEST_CLOCK, call.id, status=404)
    for customer in change.store.find("customer", test_clock=call.id):
        delete_customer(change, customer)
    change.record("test_helpers.test_clock.deleted", clock)
    timers.forget(change.store, clock=call.id)
    change.store.delete(call.id)
    return {"id": call.id, "object": TEST_CLOCK, "deleted": True}


@resource.operation("GET", "/v1/test_helpers/test_clocks", ListParameters)
def list_(call: Call[ListParameters]) -> Document:
    """List clocks."""
    return page(call.change, TEST_CLOCK, "/v1/test_helpers/test_clocks", call.params)
