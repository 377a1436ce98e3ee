"""Configurations of the billing portal: what customers may do there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.resources.subscription_parameters import Proration
from standins.stripe.store import Document

resource = Resource()

KIND = "billing_portal.configuration"
PRODUCTS_MAX = 10
Url = Annotated[str, Field(pattern=r"^https?://", max_length=5000)]
Reason = Literal[
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
]


class CustomerUpdate(Nested):
    """What customers may change of themselves."""

    enabled: bool = True
    allowed_updates: list[Literal["address", "email", "name", "phone", "shipping", "tax_id"]] | None = None


class Enabled(Nested):
    """A feature that is there or not."""

    enabled: bool


class CancellationReason(Nested):
    """Whether customers are asked why."""

    enabled: bool
    options: list[Reason] | None = None


class Cancel(Nested):
    """How customers may cancel."""

    enabled: bool
    cancellation_reason: CancellationReason | None = None
    mode: Literal["at_period_end", "immediately"] = "at_period_end"
    proration_behavior: Proration = "none"


class Product(Nested):
    """Prices of a product that customers may switch to."""

    product: str
    prices: Annotated[list[str], Field(min_length=1, max_length=PRODUCTS_MAX)]


class Condition(Nested):
    """A change that waits for the end of the period."""

    type: Literal["decreasing_item_amount", "shortening_interval"]


class AtPeriodEnd(Nested):
    """Which changes wait."""

    conditions: list[Condition] | None = None


class Switch(Nested):
    """How customers may switch."""

    enabled: bool
    billing_cycle_anchor: Literal["now", "unchanged"] | None = None
    default_allowed_updates: list[Literal["price", "promotion_code", "quantity"]] | None = None
    products: Annotated[list[Product], Field(max_length=PRODUCTS_MAX)] | None = None
    proration_behavior: Proration = "none"
    schedule_at_period_end: AtPeriodEnd | None = None
    trial_update_behavior: Literal["continue_trial", "end_trial"] = "end_trial"


class Features(Nested):
    """Everything that customers may do."""

    customer_update: CustomerUpdate | None = None
    invoice_history: Enabled | None = None
    payment_method_update: Enabled | None = None
    subscription_cancel: Cancel | None = None
    subscription_update: Switch | None = None


class BusinessProfile(Nested):
    """What the portal says of the business."""

    headline: Annotated[str, Field(max_length=60)] | None = None
    privacy_policy_url: Url | None = None
    terms_of_service_url: Url | None = None


class ConfigurationFields(Parameters):
    """What can be set at creation and later."""

    business_profile: BusinessProfile | None = None
    default_return_url: Url | None = None
    login_page: Enabled | None = None
    metadata: Metadata
    name: str | None = None


class ConfigurationCreate(ConfigurationFields):
    """A new configuration."""

    features: Features


class ConfigurationUpdate(ConfigurationFields):
    """Changes to a configuration."""

    active: bool = True
    features: Features | None = None


class ConfigurationList(ListParameters):
    """Filters of the list."""

    active: bool | None = None
    is_default: bool | None = None


OFF: Document = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def _features(change: Change, known: Document, given: Features | None) -> Document:
    """Return the features with what was asked for; refuses prices that do not exist."""
    if given is None:
        return known
    asked: dict[str, Any] = given.model_dump(exclude_unset=True)
    switch = given.subscription_update
    for index, product in enumerate((switch.products if switch else None) or []):
        param = f"features[subscription_update][products][{index}]"
        change.require("product", product.product, param=f"{param}[product]")
        for price in product.prices:
            change.require("price", price, param=f"{param}[prices]")
    changed = {name: {**known[name], **fields} for name, fields in asked.items() if fields is not None}
    for product in changed.get("subscription_update", {}).get("products") or []:
        product.setdefault("adjustable_quantity", {"enabled": False, "maximum": None, "minimum": 1})
    return {**known, **changed}


@resource.operation("POST", "/v1/billing_portal/configurations", ConfigurationCreate)
def create(call: Call[ConfigurationCreate]) -> Document:
    """Create a configuration."""
    change, params = call.change, call.params
    profile = params.business_profile or BusinessProfile.model_validate({})
    configuration: Document = {
        "id": new_id("bpc"),
        "object": KIND,
        "active": True,
        "application": None,
        "business_profile": profile.model_dump(),
        "created": change.now,
        "default_return_url": params.default_return_url,
        "features": _features(change, OFF, params.features),
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": merged({}, params.metadata),
        "name": params.name,
        "updated": change.now,
    }
    return change.add(configuration, "billing_portal.configuration.created")


@resource.operation("GET", "/v1/billing_portal/configurations/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a configuration."""
    return call.change.require(KIND, call.id, status=404)


@resource.operation("POST", "/v1/billing_portal/configurations/{id}", ConfigurationUpdate)
def update(call: Call[ConfigurationUpdate]) -> Document:
    """Change a configuration."""
    change, params = call.change, call.params
    configuration = change.require(KIND, call.id, status=404)
    profile = params.business_profile.model_dump(exclude_unset=True) if params.business_profile else {}
    values = {
        **params.given("active", "default_return_url", "name"),
        "business_profile": {**configuration["business_profile"], **profile},
        "features": _features(change, configuration["features"], params.features),
        "metadata": merged(configuration["metadata"], params.metadata),
    }
    if all(configuration[name] == value for name, value in values.items()):
        return configuration
    return change.update(configuration, "billing_portal.configuration.updated", **values, updated=change.now)


@resource.operation("GET", "/v1/billing_portal/configurations", ConfigurationList)
def list_(call: Call[ConfigurationList]) -> Document:
    """List configurations."""
    where = {"active": call.params.active, "is_default": call.params.is_default}
    return page(call.change, KIND, "/v1/billing_portal/configurations", call.params, where)
