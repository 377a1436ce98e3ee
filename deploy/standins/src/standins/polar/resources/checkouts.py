"""Checkout sessions: a page where one product is bought once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.polar.api import Body, Call, Resource, listed, matching
from standins.polar.documents import fixed_price, shown_checkout
from standins.polar.errors import invalid
from standins.polar.organization import new_secret, written
from standins.polar.resources.products import Metadata
from standins.polar.store import Document

resource = Resource()
Url = Annotated[str, Field(pattern=r"^https?://", max_length=2_000)]


class CheckoutCreate(Body):
    """What is bought by whom, and where the page leads back to."""

    products: Annotated[list[str], Field(min_length=1, max_length=1)]
    customer_id: str
    currency: str = "usd"
    success_url: Url
    return_url: Url | None = None
    allow_discount_codes: bool = True
    metadata: Metadata = Field(default_factory=dict)


@resource.operation("POST", "/v1/checkouts/", CheckoutCreate, status=201)
def create(call: Call) -> Document:
    """Open a page. There is no idempotency key: who asks twice has two."""
    change, given = call.change, call.body
    product = change.store.get("product", given.products[0])
    if product is None or product["is_archived"]:
        words = "Product does not exist." if product is None else "Product is archived."
        raise invalid(["body", "products", 0], words, given.products[0])
    price = fixed_price(product)
    if price is None or price["price_currency"] != given.currency:
        words = "Product is not available in the specified currency."
        raise invalid(["body", "products", 0], words, given.products[0])
    customer = change.store.get("customer", given.customer_id)
    if customer is None or customer["deleted_at"]:
        raise invalid(["body", "customer_id"], "Customer does not exist.", given.customer_id)
    settings = change.organization.settings
    secret = new_secret("polar_c_")
    checkout = change.new(
        "checkout",
        status="open",
        client_secret=secret,
        url=f"{call.address}/checkout/{secret}",
        expires_at=written(change.organization.clock() + settings.checkout_ttl_s),
        success_url=given.success_url,
        return_url=given.return_url,
        amount=price["price_amount"],
        currency=given.currency,
        discount_amount=0,
        net_amount=price["price_amount"],
        # Nobody knows yet where the buyer lives.
        tax_amount=None,
        tax_behavior=None,
        product_id=product["id"],
        discount_id=None,
        allow_discount_codes=given.allow_discount_codes,
        customer_id=customer["id"],
        external_customer_id=customer["external_id"],
        customer_email=customer["email"],
        metadata=given.metadata,
        _price=price,
    )
    change.later("expire", checkout["id"], delay_s=settings.checkout_ttl_s)
    change.tell("checkout.created", shown_checkout(change, checkout))
    return shown_checkout(change, checkout)


@resource.operation("GET", "/v1/checkouts/")
def find(call: Call) -> Document:
    """List checkout sessions."""
    found = matching(call, "checkout", "customer_id", "product_id", "status")
    return listed(call, found, lambda checkout: shown_checkout(call.change, checkout))


@resource.operation("GET", "/v1/checkouts/{id}")
def get(call: Call) -> Document:
    """Return a checkout session."""
    return shown_checkout(call.change, call.change.require("checkout", call.id))
