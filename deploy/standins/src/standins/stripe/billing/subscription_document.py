"""The shape of a subscription and of its items."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing.invoice_document import automatic_tax
from standins.stripe.ids import new_id
from standins.stripe.listing import list_object
from standins.stripe.store import Document

_NOTHING = (
    "application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at"
    " canceled_at customer_account days_until_due default_payment_method default_source description"
    " ended_at latest_invoice managed_payments next_pending_invoice_item_invoice on_behalf_of"
    " pause_collection pending_invoice_item_interval pending_setup_intent pending_update"
    " presentment_details schedule status_details transfer_data trial_end trial_start"
)


def blank_subscription(change: Change, customer: Document, *, address: str) -> Document:
    """Return a subscription of a customer without items; `address` is where its pages are."""
    return {
        "id": new_id("sub"),
        "object": "subscription",
        **dict.fromkeys(_NOTHING.split()),
        "automatic_tax": automatic_tax(enabled=False),
        "billing_cycle_anchor": change.now,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": None,
        },
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": change.now,
        "currency": "usd",
        "customer": customer["id"],
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "livemode": False,
        "metadata": {},
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": change.now,
        "status": "incomplete",
        "test_clock": customer["test_clock"],
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "_address": address,
        "_pending_lines": [],
    }


def new_item(
    change: Change, subscription_id: str, price: Document, *, quantity: int, period: tuple[int, int]
) -> Document:
    """Return an item of a subscription for a period."""
    return {
        "id": new_id("si"),
        "object": "subscription_item",
        "billed_until": None,
        "billing_thresholds": None,
        "created": change.now,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": {},
        "plan": _plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def priced(item: Document, price: Document, quantity: int) -> Document:
    """Return the item at another price or quantity."""
    return {**item, "price": price, "plan": _plan(price), "quantity": quantity}


def items_list(subscription_id: str, items: list[Document]) -> Document:
    """Return the list object that a subscription carries its items in."""
    url = f"/v1/subscription_items?subscription={subscription_id}"
    return {**list_object(url, items), "total_count": len(items)}


def items_of(subscription: Document) -> list[Document]:
    """Return a subscription's items."""
    items: list[Document] = subscription["items"]["data"]
    return items


def recurring_of(subscription: Document) -> Document:
    """Return the interval that all items of a subscription share."""
    recurring: Document = items_of(subscription)[0]["price"]["recurring"]
    return recurring


def period_of(subscription: Document) -> tuple[int, int]:
    """Return the current period that all items of a subscription share."""
    item = items_of(subscription)[0]
    return item["current_period_start"], item["current_period_end"]


def with_period(subscription: Document, period: tuple[int, int]) -> Document:
    """Return the list of a subscription's items in another period."""
    start, end = period
    moved = {"current_period_start": start, "current_period_end": end}
    return items_list(subscription["id"], [{**item, **moved} for item in items_of(subscription)])


def _plan(price: Document) -> Document:
    """Return the price in the words that it had before there were prices."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }
