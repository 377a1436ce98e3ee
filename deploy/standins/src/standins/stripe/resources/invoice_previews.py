"""Previews of invoices: what a change of plan would cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.stripe.billing.changing import Manner
from standins.stripe.billing.previewing import preview
from standins.stripe.billing.subscription_document import items_of
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.parameters import Nested, Parameters
from standins.stripe.resources.subscription_items import changed_items
from standins.stripe.resources.subscription_parameters import ITEMS_MAX, ItemUpdate, Moment, Proration
from standins.stripe.store import Document

resource = Resource()


class Details(Nested):
    """The change to look at."""

    items: Annotated[list[ItemUpdate], Field(max_length=ITEMS_MAX)] | None = None
    proration_behavior: Proration = "create_prorations"
    proration_date: Moment | None = None


class PreviewCreate(Parameters):
    """Whose next invoice, after which change."""

    subscription: str
    customer: str | None = None
    subscription_details: Details | None = None


@resource.operation("POST", "/v1/invoices/create_preview", PreviewCreate)
def create(call: Call[PreviewCreate]) -> Document:
    """Work the invoice out; nothing is kept and nothing is told."""
    params = call.params
    subscription = call.change.require("subscription", params.subscription, param="subscription")
    if params.customer and params.customer != subscription["customer"]:
        raise invalid("The subscription is another customer's.", "customer")
    change = call.change.at_time_of(subscription["customer"])
    details = params.subscription_details or Details.model_validate({})
    items = changed_items(change, subscription, details.items) if details.items else items_of(subscription)
    manner = Manner(details.proration_behavior, at=details.proration_date)
    return preview(change, subscription, items, manner)
