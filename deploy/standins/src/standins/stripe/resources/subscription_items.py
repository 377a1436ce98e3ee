"""The items of a subscription as callers ask for them."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing.subscription_document import items_of, new_item, period_of, priced
from standins.stripe.errors import invalid, no_such
from standins.stripe.resources.prices import new_price
from standins.stripe.resources.subscription_parameters import ItemCreate, ItemUpdate
from standins.stripe.store import Document


def price_of(change: Change, wanted: ItemCreate, param: str) -> Document:
    """Return the recurring price that is asked for, known or described on the spot."""
    if wanted.price_data:
        price = new_price(change, wanted.price_data, param=f"{param}[price_data]", active=False)
    elif wanted.price is None:
        raise invalid(f"Missing required param: {param}[price].", f"{param}[price]", "parameter_missing")
    else:
        price = change.require("price", wanted.price, param=f"{param}[price]")
        if not price["active"]:
            message = "The price specified is inactive. This field only accepts active prices."
            raise invalid(message, f"{param}[price]")
    if price["type"] != "recurring":
        message = "The price specified is set to `type=one_time` but this field only accepts prices with "
        raise invalid(f"{message}`type=recurring`.", f"{param}[price]")
    return price


def require_alike(prices: list[Document]) -> None:
    """Refuse prices that can't stand on one subscription."""
    if len({price["currency"] for price in prices}) > 1:
        raise invalid("All prices on a subscription must be of the same currency.", "items")
    if len({(p["recurring"]["interval"], p["recurring"]["interval_count"]) for p in prices}) > 1:
        message = "Currently, all prices on a subscription must have the same `recurring.interval` and "
        raise invalid(f"{message}`recurring.interval_count`.", "items")


def changed_items(change: Change, subscription: Document, wanted: list[ItemUpdate]) -> list[Document]:
    """Return the items as they shall be; those that are not named stay."""
    items = {item["id"]: item for item in items_of(subscription)}
    for index, each in enumerate(wanted):
        param = f"items[{index}]"
        if each.id is None:
            price = price_of(change, each, param)
            added = new_item(
                change,
                subscription["id"],
                price,
                quantity=each.quantity,
                period=period_of(subscription),
            )
            items[added["id"]] = added
            continue
        if each.id not in items:
            raise no_such("subscription_item", each.id, param=f"{param}[id]")
        known = items[each.id]
        if each.deleted:
            del items[each.id]
            continue
        price = price_of(change, each, param) if each.price or each.price_data else known["price"]
        quantity = each.quantity if "quantity" in each.model_fields_set else known["quantity"]
        items[each.id] = priced(known, price, quantity)
    if not items:
        raise invalid("A subscription must have at least one active plan.", "items")
    require_alike([item["price"] for item in items.values()])
    return list(items.values())
