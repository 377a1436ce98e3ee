"""Events: what happened to the account."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Parameters
from standins.stripe.store import Document
from standins.stripe.webhooks.outgoing import pending_count

resource = Resource()


class EventList(ListParameters):
    """Filters of the list."""

    type: str | None = None
    types: Annotated[list[str], Field(max_length=20)] | None = None


def _with_pending(change: Change, event: Document) -> Document:
    return {**event, "pending_webhooks": pending_count(change.store, event["id"])}


@resource.operation("GET", "/v1/events/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch an event."""
    return _with_pending(call.change, call.change.require("event", call.id, status=404))


@resource.operation("GET", "/v1/events", EventList)
def list_(call: Call[EventList]) -> Document:
    """List events, newest first."""
    params = call.params
    if params.type and params.types:
        raise invalid("You may only specify one of these parameters: type, types.", "type")
    wanted = [params.type] if params.type else params.types
    found = page(call.change, "event", "/v1/events", params, {"type": wanted})
    return {**found, "data": [_with_pending(call.change, event) for event in found["data"]]}
