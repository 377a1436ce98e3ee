"""The items of a Checkout Session."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.errors import invalid
from standins.stripe.ids import new_id
from standins.stripe.parameters import Nested
from standins.stripe.resources.prices import PriceData, new_price
from standins.stripe.store import Document

QUANTITY_MAX, ADJUSTABLE_MAX = 999_999, 99


class AdjustableQuantity(Nested):
    """Whether, and how far, the buyer may change the quantity."""

    enabled: bool
    maximum: Annotated[int, Field(ge=1, le=QUANTITY_MAX)] = ADJUSTABLE_MAX
    minimum: Annotated[int, Field(ge=0, le=QUANTITY_MAX)] = 0


class LineItem(Nested):
    """A price, known or described on the spot, and how many of it."""

    price: str | None = None
    price_data: PriceData | None = None
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)] | None = None
    adjustable_quantity: AdjustableQuantity | None = None


def new_items(
    change: Change, session_id: str, wanted: list[LineItem], *, mode: str, trial: bool = False
) -> list[Document]:
    """Build the items in the order given; refuses bad prices and mixed currencies.

    In a trial what recurs costs nothing yet.
    """
    items = [
        _new_item(change, session_id, item, f"line_items[{index}]", mode=mode, trial=trial)
        for index, item in enumerate(wanted)
    ]
    recurring = [item["price"]["recurring"] for item in items if item["price"]["recurring"]]
    if mode == "subscription" and not recurring:
        message = "You must provide at least one recurring price in `subscription` mode when using prices."
        raise invalid(message, "line_items")
    if len({(each["interval"], each["interval_count"]) for each in recurring}) > 1:
        message = "Checkout does not support multiple prices with different billing intervals."
        raise invalid(message, "line_items")
    if len({item["currency"] for item in items}) > 1:
        raise invalid(
            "All prices on a Checkout session must be expressed in the same currency.", "line_items"
        )
    return items


def _new_item(
    change: Change, session_id: str, wanted: LineItem, param: str, *, mode: str, trial: bool
) -> Document:
    price = _price_of(change, wanted, param)
    if price["type"] == "recurring" and mode == "payment":
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode "
            "or use only one-time prices.",
            f"{param}[price]",
        )
    if wanted.quantity is None:
        raise invalid(
            f"Missing required param: {param}[quantity].", f"{param}[quantity]", "parameter_missing"
        )
    product = change.require("product", price["product"])
    # Archiving a product leaves its prices active: only here is it found out.
    if not product["active"]:
        message = f"Price `{price['id']}` is not available to be purchased because its product is not active."
        raise invalid(message, f"{param}[price]")
    free = trial and price["type"] == "recurring"
    amount = 0 if free else price["unit_amount"] * wanted.quantity
    adjustable = wanted.adjustable_quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": adjustable.model_dump() if adjustable and adjustable.enabled else None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": wanted.quantity,
        "created": change.now,
        "_session": session_id,
        "_detail": product["description"],
        "_free": free,
    }


def _price_of(change: Change, wanted: LineItem, param: str) -> Document:
    if wanted.price and wanted.price_data:
        names = f"{param}[price], {param}[price_data]"
        raise invalid(f"You may only specify one of these parameters: {names}.", param)
    if wanted.price_data:
        return new_price(change, wanted.price_data, param=f"{param}[price_data]", active=False)
    if wanted.price is None:
        message = f"You must specify either `price` or `price_data` for {param}."
        raise invalid(message, f"{param}[price]", "parameter_missing")
    price = change.require("price", wanted.price, param=f"{param}[price]")
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise invalid(message, f"{param}[price]")
    return price
