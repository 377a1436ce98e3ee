"""What customers do in the billing portal, as far as its configuration lets them."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing import changing, cycling, ending, phases
from standins.stripe.billing.changing import Manner
from standins.stripe.billing.periods import interval_s
from standins.stripe.billing.subscription_document import items_of, period_of, priced
from standins.stripe.errors import invalid
from standins.stripe.methods import attach, method_named
from standins.stripe.resources.subscription_schedules import new_schedule
from standins.stripe.resources.subscriptions import ending_values
from standins.stripe.store import Document

UPDATED = "customer.subscription.updated"


def live_subscriptions(change: Change, customer_id: str) -> list[Document]:
    """Return a customer's subscriptions that have not ended, newest first."""
    found = change.store.find("subscription", customer=customer_id)
    return [each for each in reversed(found) if each["status"] not in ending.ENDED]


def offered_prices(change: Change, configuration: Document) -> list[Document]:
    """Return the prices that customers may switch to, as they are configured."""
    switch = configuration["features"]["subscription_update"]
    if not switch["enabled"]:
        return []
    prices: list[Document] = []
    for product in switch["products"] or []:
        prices += [change.require("price", name) for name in product["prices"]]
    return [price for price in prices if price["active"]]


def switch_plan(change: Change, configuration: Document, subscription: Document, price: Document) -> Document:
    """Put the subscription on another price: now, or when its period ends if the configuration says so."""
    if price["id"] not in [each["id"] for each in offered_prices(change, configuration)]:
        raise invalid("This plan is not offered.")
    item = items_of(subscription)[0]
    rules = configuration["features"]["subscription_update"]
    _drop_schedule(change, subscription)
    subscription = change.require("subscription", subscription["id"])
    if price["id"] == item["price"]["id"]:
        return subscription
    if _waits(rules, item["price"], price) and subscription["status"] != "trialing":
        return _switch_later(change, subscription, price)
    manner = Manner(rules["proration_behavior"], "error_if_incomplete")
    items = [priced(item, price, item["quantity"])]
    changed = changing.change_items(change, subscription, items, manner)
    cycling.arrange(change, changed)
    return changed


def _waits(rules: Document, old: Document, new: Document) -> bool:
    conditions = [each["type"] for each in rules["schedule_at_period_end"]["conditions"] or []]
    shorter = interval_s(new["recurring"]) < interval_s(old["recurring"])
    cheaper = new["unit_amount"] < old["unit_amount"] and new["recurring"] == old["recurring"]
    return ("shortening_interval" in conditions and shorter) or (
        "decreasing_item_amount" in conditions and cheaper
    )


def _switch_later(change: Change, subscription: Document, price: Document) -> Document:
    schedule = new_schedule(change, subscription)
    _, end = period_of(subscription)
    items = [{"price": price["id"], "quantity": items_of(subscription)[0]["quantity"]}]
    following = phases.new_phase(
        price["currency"],
        items,
        start=end,
        end=phases.phase_end(price, end),
        proration_behavior="none",
    )
    values = {"phases": [*schedule["phases"], following]}
    change.update(schedule, "subscription_schedule.updated", **values)
    scheduled = change.require("subscription", subscription["id"])
    cycling.arrange(change, scheduled)
    return scheduled


def _drop_schedule(change: Change, subscription: Document) -> None:
    schedule = phases.schedule_of(change, subscription)
    if schedule:
        phases.release(change, schedule)


def keep_plan(change: Change, subscription: Document) -> Document:
    """Take a switch back that waits for the end of the period."""
    _drop_schedule(change, subscription)
    return change.require("subscription", subscription["id"])


def cancel(
    change: Change, configuration: Document, subscription: Document, *, feedback: str | None
) -> Document:
    """End the subscription, now or when its period ends, as the configuration says."""
    rules = configuration["features"]["subscription_cancel"]
    if not rules["enabled"]:
        raise invalid("Cancelling is not offered.")
    if rules["mode"] == "immediately":
        return ending.end(change, subscription, feedback=feedback)
    # What a schedule manages can't be ended beside it.
    subscription = keep_plan(change, subscription)
    values: Document = {"cancel_at_period_end": True}
    values["cancellation_details"] = {**subscription["cancellation_details"], "feedback": feedback}
    values |= ending_values(change, subscription, values)
    cancelled = change.update(subscription, UPDATED, **values)
    cycling.arrange(change, cancelled)
    return cancelled


def renew_again(change: Change, subscription: Document) -> Document:
    """Take a cancellation back that waits for the end of the period."""
    values: Document = {"cancel_at_period_end": False}
    values["cancellation_details"] = {**subscription["cancellation_details"], "feedback": None}
    values |= ending_values(change, subscription, values)
    return change.update(subscription, UPDATED, **values)


def use_card(change: Change, customer_id: str, card: str) -> Document:
    """Keep a test card and pay everything by it from now on."""
    method = attach(change, method_named(change, card), customer_id)
    customer = change.require("customer", customer_id)
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    change.update(customer, "customer.updated", invoice_settings=settings)
    for subscription in live_subscriptions(change, customer_id):
        if subscription["default_payment_method"]:
            change.update(subscription, UPDATED, default_payment_method=method["id"])
    return method
