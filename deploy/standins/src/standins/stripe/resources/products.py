"""Products."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()
FIELDS = (
    "name",
    "active",
    "description",
    "images",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)

Text = Annotated[str, Field(max_length=5000)]


class ProductFields(Parameters):
    """What can be set on a product, at creation or later."""

    active: bool = True
    description: Text | None = None
    images: Annotated[list[str], Field(max_length=8, default_factory=list)]
    metadata: Metadata
    shippable: bool | None = None
    statement_descriptor: Annotated[str, Field(max_length=22)] | None = None
    tax_code: str | None = None
    unit_label: Annotated[str, Field(max_length=12)] | None = None
    url: str | None = None


class ProductCreate(ProductFields):
    """A new product, perhaps with an id of the caller's choice."""

    name: Text
    id: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class ProductUpdate(ProductFields):
    """Changes to a product."""

    name: Text = ""
    default_price: str | None = None


class ProductList(ListParameters):
    """Filters of the list."""

    active: bool | None = None
    ids: Annotated[list[str], Field(max_length=100)] | None = None


def new_product(
    change: Change, *, product_id: str | None = None, metadata: dict[str, str] | None = None, **fields: object
) -> Document:
    """Create a product and record `product.created`."""
    document: Document = {
        "id": product_id or new_id("prod"),
        "object": "product",
        "active": True,
        "created": change.now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": metadata or {},
        "name": None,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": change.now,
        "url": None,
        **fields,
    }
    return change.add(document, "product.created")


@resource.operation("POST", "/v1/products", ProductCreate)
def create(call: Call[ProductCreate]) -> Document:
    """Create a product."""
    params = call.params
    if params.id and call.change.store.get("product", params.id):
        raise invalid("Product already exists.", "id", "resource_already_exists")
    metadata = merged({}, params.metadata)
    return new_product(call.change, product_id=params.id, metadata=metadata, **params.given(*FIELDS))


@resource.operation("GET", "/v1/products/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a product."""
    return call.change.require("product", call.id, status=404)


@resource.operation("POST", "/v1/products/{id}", ProductUpdate)
def update(call: Call[ProductUpdate]) -> Document:
    """Change a product."""
    change, params = call.change, call.params
    product = change.require("product", call.id, status=404)
    if params.default_price:
        change.require("price", params.default_price, param="default_price")
    values = {
        **params.given(*FIELDS, "default_price"),
        "metadata": merged(product["metadata"], params.metadata),
    }
    if all(product[name] == value for name, value in values.items()):
        return product
    return change.update(product, "product.updated", **values, updated=change.now)


@resource.operation("DELETE", "/v1/products/{id}", Parameters)
def delete(call: Call[Parameters]) -> Document:
    """Delete a product that has no prices."""
    change = call.change
    product = change.require("product", call.id, status=404)
    if change.store.find("price", product=call.id):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    change.record("product.deleted", product)
    change.store.sql.execute("DELETE FROM objects WHERE id = ?", (call.id,))
    return {"id": call.id, "object": "product", "deleted": True}


@resource.operation("GET", "/v1/products", ProductList)
def list_(call: Call[ProductList]) -> Document:
    """List products."""
    where = {"active": call.params.active, "id": call.params.ids}
    return page(call.change, "product", "/v1/products", call.params, where)
