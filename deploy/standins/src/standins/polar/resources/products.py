"""Products that are bought once, at a fixed price a currency."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import Field

from standins.polar.api import Body, Call, Resource, listed
from standins.polar.documents import shown_product
from standins.polar.store import Document

resource = Resource()
Metadata = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=40)],
        Annotated[str, Field(min_length=1, max_length=500)] | int | bool,
    ],
    Field(max_length=50),
]
Name = Annotated[str, Field(min_length=3, max_length=64)]

_OF_PRODUCT: Document = {
    "trial_interval": None,
    "trial_interval_count": None,
    "visibility": "public",
    "recurring_interval": None,
    "recurring_interval_count": None,
    "meter_interval": None,
    "meter_interval_count": None,
    "is_recurring": False,
    "is_archived": False,
    "is_deletable": True,
    "benefits": [],
    "medias": [],
    "attached_custom_fields": [],
}


class PriceCreate(Body):
    """What a product costs."""

    amount_type: Literal["fixed"]
    price_amount: Annotated[int, Field(ge=50)]
    price_currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")] = "usd"
    tax_behavior: Literal["inclusive", "exclusive"] | None = None


class ProductCreate(Body):
    """What is sold."""

    name: Name
    description: str | None = None
    prices: Annotated[list[PriceCreate], Field(min_length=1, max_length=1)]
    metadata: Metadata = Field(default_factory=dict)


class ProductUpdate(Body):
    """What changes of a product; prices that are not named any more are archived."""

    name: Name | None = None
    description: str | None = None
    prices: Annotated[list[PriceCreate], Field(min_length=1, max_length=1)] | None = None
    is_archived: bool | None = None


@resource.operation("POST", "/v1/products/", ProductCreate, status=201)
def create(call: Call) -> Document:
    """Put a product on sale."""
    given = call.body.model_dump()
    made = call.change.new("product", **_OF_PRODUCT, **given)
    prices = [_price(call, made["id"], price) for price in given["prices"]]
    product = shown_product(call.change.update("product", made, prices=prices, modified_at=None))
    call.change.tell("product.created", product)
    return product


@resource.operation("GET", "/v1/products/")
def find(call: Call) -> Document:
    """List products by what their metadata say."""
    wanted = {
        name.removeprefix("metadata[").removesuffix("]"): value
        for name, value in call.query.multi_items()
        if name.startswith("metadata[")
    }
    found = [
        product
        for product in call.change.store.all("product")
        if all(product["metadata"].get(name) == value for name, value in wanted.items())
    ]
    return listed(call, found, shown_product)


@resource.operation("PATCH", "/v1/products/{id}", ProductUpdate)
def update(call: Call) -> Document:
    """Change a product."""
    product = call.change.require("product", call.id)
    given: dict[str, Any] = call.body.model_dump(exclude_unset=True)
    if given.get("prices") is not None:
        before = [{**price, "is_archived": True} for price in product["prices"]]
        given["prices"] = before + [_price(call, product["id"], price) for price in given["prices"]]
    changed = shown_product(call.change.update("product", product, **given))
    call.change.tell("product.updated", changed)
    return changed


def _price(call: Call, product_id: str, given: dict[str, Any]) -> Document:
    return {
        "id": str(uuid4()),
        "created_at": call.change.now,
        "modified_at": None,
        "source": "catalog",
        "is_archived": False,
        "product_id": product_id,
        "tax_behavior": None,
        **given,
    }
