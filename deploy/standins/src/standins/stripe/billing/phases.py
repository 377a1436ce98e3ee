"""Phases of a subscription schedule: what a subscription is to become at a later day."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing import ending
from standins.stripe.billing.periods import period_end
from standins.stripe.billing.subscription_document import (
    items_list,
    items_of,
    new_item,
    period_of,
    priced,
    recurring_of,
)
from standins.stripe.resources.payment_intents import move
from standins.stripe.store import Document

UPDATED = "customer.subscription.updated"


def schedule_of(change: Change, subscription: Document) -> Document | None:
    """Return the schedule that a subscription follows."""
    found = subscription["schedule"]
    return change.store.get("subscription_schedule", found) if found else None


def next_at(change: Change, subscription: Document) -> int | None:
    """When the subscription's present phase ends."""
    schedule = schedule_of(change, subscription)
    current = schedule["current_phase"] if schedule else None
    return int(current["end_date"]) if current else None


def enter_next(change: Change, subscription: Document) -> None:
    """Begin the phase that follows; after the last one, release the subscription or end it."""
    schedule = schedule_of(change, subscription)
    if schedule is None:
        return
    left_at = schedule["current_phase"]["end_date"]
    following = next((phase for phase in schedule["phases"] if phase["start_date"] >= left_at), None)
    if following is None:
        if schedule["end_behavior"] == "cancel":
            ending.end(change, subscription, reason=None)
        else:
            release(change, schedule)
        return
    current = {"start_date": following["start_date"], "end_date": following["end_date"]}
    move(change, schedule, "subscription_schedule.updated", current_phase=current)
    _apply(change, subscription, following)


def _apply(change: Change, subscription: Document, phase: Document) -> None:
    wanted = [(change.require("price", item["price"]), item["quantity"]) for item in phase["items"]]
    known = items_of(subscription)
    items: list[Document] = []
    for index, (price, quantity) in enumerate(wanted):
        if index < len(known):
            items.append(priced(known[index], price, quantity))
        else:
            period = period_of(subscription)
            items.append(new_item(change, subscription["id"], price, quantity=quantity, period=period))
    values: Document = {"items": items_list(subscription["id"], items)}
    if wanted[0][0]["recurring"]["interval"] != recurring_of(subscription)["interval"]:
        values["billing_cycle_anchor"] = phase["start_date"]
    if phase["metadata"]:
        values["metadata"] = {**subscription["metadata"], **phase["metadata"]}
    change.update(subscription, UPDATED, **values)


def release(change: Change, schedule: Document) -> Document:
    """Let the subscription go on without its schedule."""
    subscription = change.store.get("subscription", schedule["subscription"] or "")
    released = move(
        change,
        schedule,
        "subscription_schedule.released",
        current_phase=None,
        released_at=change.now,
        released_subscription=schedule["subscription"],
        status="released",
        subscription=None,
    )
    if subscription:
        change.update(subscription, UPDATED, schedule=None)
    return released


def present_phase(subscription: Document) -> Document:
    """Return the phase that a subscription is in by what it is now, until its period ends."""
    start, end = period_of(subscription)
    items = [{"price": item["price"]["id"], "quantity": item["quantity"]} for item in items_of(subscription)]
    return new_phase(subscription["currency"], items, start=start, end=end)


def new_phase(
    currency: str,
    items: list[Document],
    *,
    start: int,
    end: int,
    proration_behavior: str = "create_prorations",
    metadata: dict[str, str] | None = None,
) -> Document:
    """Return a phase with items of `{price, quantity}`."""
    nothing = (
        "application_fee_percent automatic_tax billing_cycle_anchor billing_thresholds collection_method"
        " default_payment_method default_tax_rates description invoice_settings on_behalf_of transfer_data"
        " trial trial_end"
    )
    return {
        **dict.fromkeys(nothing.split()),
        "add_invoice_items": [],
        "currency": currency,
        "discounts": [],
        "end_date": end,
        "items": [
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": {},
                "plan": item["price"],
                "price": item["price"],
                "quantity": item["quantity"],
                "tax_rates": [],
            }
            for item in items
        ],
        "metadata": metadata or {},
        "proration_behavior": proration_behavior,
        "start_date": start,
    }


def phase_end(price: Document, start: int) -> int:
    """Return when a phase ends that names no end: after one interval."""
    return period_end(start, price["recurring"], start)
