"""Sessions of the billing portal: the address of one customer's page."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.parameters import Nested, Parameters
from standins.stripe.resources.portal_configurations import KIND, Url
from standins.stripe.store import Document

resource = Resource()


class OfSubscription(Nested):
    """The subscription that a flow is about."""

    subscription: str


class ConfirmedItem(Nested):
    """The item as the customer shall confirm it."""

    id: str
    price: str | None = None
    quantity: int | None = None


class Confirmation(Nested):
    """A change that the customer only confirms."""

    subscription: str
    items: Annotated[list[ConfirmedItem], Field(min_length=1, max_length=1)]


class Redirect(Nested):
    """Where a flow leads when it is done."""

    return_url: Url


class AfterCompletion(Nested):
    """What comes when a flow is done."""

    type: Literal["hosted_confirmation", "portal_homepage", "redirect"]
    redirect: Redirect | None = None


class FlowData(Nested):
    """What the customer comes for."""

    type: Literal[
        "payment_method_update", "subscription_cancel", "subscription_update", "subscription_update_confirm"
    ]
    after_completion: AfterCompletion | None = None
    subscription_cancel: OfSubscription | None = None
    subscription_update: OfSubscription | None = None
    subscription_update_confirm: Confirmation | None = None


class PortalSessionCreate(Parameters):
    """A new session."""

    customer: str
    configuration: str | None = None
    flow_data: FlowData | None = None
    locale: str | None = None
    return_url: Url | None = None


@resource.operation("POST", "/v1/billing_portal/sessions", PortalSessionCreate)
def create(call: Call[PortalSessionCreate]) -> Document:
    """Open the portal for a customer."""
    change, params = call.change, call.params
    change.require("customer", params.customer, param="customer")
    configuration = _configuration(change, params.configuration)
    session_id = new_id("bps")
    session: Document = {
        "id": session_id,
        "object": "billing_portal.session",
        "after_expiration": None,
        "configuration": configuration["id"],
        "created": change.now,
        "customer": params.customer,
        "customer_account": None,
        "flow": _flow(change, params),
        "livemode": False,
        "locale": params.locale,
        "on_behalf_of": None,
        "return_url": params.return_url or configuration["default_return_url"],
        "url": f"{call.address}/p/session/{session_id}",
    }
    return change.add(session, "billing_portal.session.created")


def _configuration(change: Change, name: str | None) -> Document:
    if name is not None:
        found = change.require(KIND, name, param="configuration")
        if not found["active"]:
            raise invalid("The configuration is not active.", "configuration")
        return found
    defaults = change.store.find(KIND, is_default=True)
    if not defaults:
        message = (
            "No configuration provided and your test mode default configuration has not been created. "
            "Provide a configuration or create your default by saving your customer portal settings in test "
            "mode at https://dashboard.stripe.com/test/settings/billing/portal."
        )
        raise invalid(message)
    return defaults[0]


def _flow(change: Change, params: PortalSessionCreate) -> Document | None:
    data = params.flow_data
    if data is None:
        return None
    about = getattr(data, data.type, None)
    if data.type != "payment_method_update":
        name = f"flow_data[{data.type}]"
        if about is None:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        subscription = change.require("subscription", about.subscription, param=f"{name}[subscription]")
        if subscription["customer"] != params.customer:
            raise invalid("The subscription is another customer's.", f"{name}[subscription]")
    after = data.after_completion
    completion = {
        "hosted_confirmation": None,
        "redirect": after.redirect.model_dump() if after and after.redirect else None,
        "type": after.type if after else "portal_homepage",
    }
    flows = ("subscription_cancel", "subscription_update", "subscription_update_confirm")
    return {
        "after_completion": completion,
        "customer_update": None,
        "subscription_pause": None,
        "type": data.type,
        **{name: about.model_dump() if name == data.type and about else None for name in flows},
    }
