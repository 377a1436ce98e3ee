"""Prices, found again by their lookup keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Nested, Parameters, merged
from standins.stripe.resources.products import new_product
from standins.stripe.store import Document

resource = Resource()

Currency = Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")]
AmountMinor = Annotated[int, Field(ge=0, le=99_999_999)]
TaxBehavior = Literal["exclusive", "inclusive", "unspecified"]


class Recurring(Nested):
    """The billing interval of a subscription price."""

    interval: Literal["day", "week", "month", "year"]
    interval_count: Annotated[int, Field(ge=1, le=1095)] = 1
    usage_type: Literal["licensed"] = "licensed"


class ProductData(Nested):
    """A product made together with its price."""

    name: Annotated[str, Field(max_length=5000)]
    active: bool = True
    description: str | None = None
    images: Annotated[list[str], Field(max_length=8, default_factory=list)]
    metadata: Metadata
    statement_descriptor: str | None = None
    tax_code: str | None = None
    unit_label: str | None = None


class PriceData(Nested):
    """What fixes a price: it cannot be changed later."""

    currency: Currency
    unit_amount: AmountMinor
    product: str | None = None
    product_data: ProductData | None = None
    recurring: Recurring | None = None
    tax_behavior: TaxBehavior = "unspecified"


class PriceLabels(Parameters):
    """What can be changed on a price."""

    active: bool = True
    lookup_key: Annotated[str, Field(max_length=200)] | None = None
    metadata: Metadata
    nickname: Annotated[str, Field(max_length=5000)] | None = None
    tax_behavior: TaxBehavior = "unspecified"
    transfer_lookup_key: bool = False


class PriceCreate(PriceLabels, PriceData):
    """A new price."""

    billing_scheme: Literal["per_unit"] = "per_unit"


class PriceList(ListParameters):
    """Filters of the list."""

    active: bool | None = None
    currency: str | None = None
    lookup_keys: Annotated[list[str], Field(max_length=10)] | None = None
    product: str | None = None
    type: Literal["one_time", "recurring"] | None = None


def new_price(change: Change, given: PriceData, *, param: str = "", **labels: object) -> Document:
    """Create a price (and its product, if described) and record `price.created`."""
    recurring = given.recurring
    document: Document = {
        "id": new_id("price"),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": change.now,
        "currency": given.currency.lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": _product_for(change, given, param),
        "recurring": {**recurring.model_dump(), "meter": None, "trial_period_days": None}
        if recurring
        else None,
        "tax_behavior": given.tax_behavior,
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": given.unit_amount,
        "unit_amount_decimal": str(given.unit_amount),
        **labels,
    }
    return change.add(document, "price.created")


def _product_for(change: Change, given: PriceData, param: str) -> str:
    name = f"{param}[product]" if param else "product"
    name_described = f"{param}[product_data]" if param else "product_data"
    if given.product and given.product_data:
        raise invalid(f"You may only specify one of these parameters: {name}, {name_described}.", name)
    if given.product_data:
        described = given.product_data
        fields = described.model_dump(exclude={"metadata"})
        return str(new_product(change, metadata=merged({}, described.metadata), **fields)["id"])
    if given.product is None:
        raise invalid(f"You must specify either `{name}` or `{name_described}`.", name, "parameter_missing")
    return str(change.require("product", given.product, param=name)["id"])


def _take_lookup_key(change: Change, params: PriceLabels, *, own_id: str | None = None) -> None:
    """Free the lookup key from its present holder, or refuse; an inactive holder holds it too."""
    if params.lookup_key is None:
        return
    for holder in change.store.find("price", lookup_key=params.lookup_key):
        if holder["id"] == own_id:
            continue
        if not params.transfer_lookup_key:
            raise invalid(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
        change.update(holder, "price.updated", lookup_key=None)


@resource.operation("POST", "/v1/prices", PriceCreate)
def create(call: Call[PriceCreate]) -> Document:
    """Create a price."""
    params = call.params
    _take_lookup_key(call.change, params)
    labels = params.given("active", "lookup_key", "nickname")
    return new_price(call.change, params, metadata=merged({}, params.metadata), **labels)


@resource.operation("GET", "/v1/prices/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a price."""
    return call.change.require("price", call.id, param="price", status=404)


@resource.operation("POST", "/v1/prices/{id}", PriceLabels)
def update(call: Call[PriceLabels]) -> Document:
    """Change what can be changed on a price."""
    change, params = call.change, call.params
    price = change.require("price", call.id, param="price", status=404)
    _take_lookup_key(change, params, own_id=call.id)
    labels = params.given("active", "lookup_key", "nickname", "tax_behavior")
    metadata = merged(price["metadata"], params.metadata)
    return change.update(price, "price.updated", **labels, metadata=metadata)


@resource.operation("GET", "/v1/prices", PriceList)
def list_(call: Call[PriceList]) -> Document:
    """List prices."""
    params = call.params
    where = {
        "active": params.active,
        "currency": params.currency,
        "lookup_key": params.lookup_keys,
        "product": params.product,
        "type": params.type,
    }
    return page(call.change, "price", "/v1/prices", params, where)
