"""Subscriptions: begun here or in Checkout, renewed by the clock."""

from __future__ import annotations

from typing import Any

from standins.stripe.account import Change
from standins.stripe.billing import changing, cycling, ending
from standins.stripe.billing.changing import Manner
from standins.stripe.billing.collecting import collect, method_for
from standins.stripe.billing.discounts import new_discounts
from standins.stripe.billing.invoice_document import automatic_tax
from standins.stripe.billing.invoicing import intent_of
from standins.stripe.billing.periods import DAY_S
from standins.stripe.billing.starting import Terms, begin, first_invoice
from standins.stripe.billing.subscription_document import period_of
from standins.stripe.charging import refused
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import StripeError, invalid, no_such
from standins.stripe.listing import page
from standins.stripe.methods import own_method
from standins.stripe.parameters import Parameters, merged
from standins.stripe.resources.given_discounts import found_discounts
from standins.stripe.resources.subscription_items import changed_items, price_of, require_alike
from standins.stripe.resources.subscription_parameters import (
    SubscriptionCancel,
    SubscriptionCreate,
    SubscriptionFields,
    SubscriptionList,
    SubscriptionResume,
    SubscriptionUpdate,
)
from standins.stripe.store import Document

resource = Resource()

CREATED, UPDATED = "customer.subscription.created", "customer.subscription.updated"
CAN_WAIT = {
    "billing_cycle_anchor",
    "expand",
    "items",
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
}
LIVE = ["active", "incomplete", "past_due", "paused", "trialing", "unpaid"]


def trial_end_of(change: Change, days: int | None, moment: int | str | None) -> int | None:
    """Return when a trial ends that is given in days or as a moment."""
    if days is not None and moment is not None:
        message = "You may only specify one of these parameters: trial_end, trial_period_days."
        raise invalid(message, "trial_end")
    if isinstance(moment, int) and moment <= change.now:
        raise invalid("The subscription trial end must be in the future.", "trial_end")
    if days is not None:
        return change.now + days * DAY_S
    return moment if isinstance(moment, int) else None


def _labels(change: Change, params: SubscriptionFields, customer_id: str) -> Document:
    """Return the fields that are taken over as they were given."""
    values = params.given("cancel_at_period_end", "cancel_at", "description")
    if params.default_payment_method:
        method = own_method(change, params.default_payment_method, customer_id, "default_payment_method")
        values["default_payment_method"] = method["id"]
    if params.trial_settings:
        values["trial_settings"] = params.trial_settings.model_dump()
    return values


@resource.operation("POST", "/v1/subscriptions", SubscriptionCreate)
def create(call: Call[SubscriptionCreate]) -> Document:
    """Begin a subscription and charge its first invoice."""
    params = call.params
    change = call.change.at_time_of(params.customer)
    customer = change.require("customer", params.customer, param="customer")
    prices = [
        (price_of(change, wanted, f"items[{index}]"), wanted.quantity)
        for index, wanted in enumerate(params.items)
    ]
    require_alike([price for price, _ in prices])
    labels = _labels(change, params, customer["id"])
    labels["metadata"] = merged({}, params.metadata)
    terms = Terms(
        customer=customer,
        prices=prices,
        address=call.address,
        trial_end=trial_end_of(change, params.trial_period_days, params.trial_end),
        discounts=found_discounts(change, params.discounts or []),
        taxed=bool(params.automatic_tax and params.automatic_tax.enabled),
        labels=labels,
    )
    subscription = begin(change, terms)
    subscription, invoice = first_invoice(change, subscription, terms)
    change.record(CREATED, subscription)
    _require_method(change, invoice, params.payment_behavior)
    if invoice["amount_due"] and params.payment_behavior == "default_incomplete":
        intent_of(change, invoice)
        return subscription
    invoice = collect(change, invoice)
    if invoice["status"] != "paid" and params.payment_behavior == "error_if_incomplete":
        error = refused(intent_of(change, invoice))
        error.kept = False
        raise error
    begun = change.require("subscription", subscription["id"])
    cycling.arrange(change, begun)
    return begun


def _require_method(change: Change, invoice: Document, behavior: str) -> None:
    if invoice["amount_due"] == 0 or behavior == "default_incomplete" or method_for(change, invoice):
        return
    message = (
        "This customer has no attached payment source or default payment method. Please consider adding a "
        "default payment method. For more information, visit "
        "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."
    )
    raise StripeError(message, code="resource_missing")


def _require(call: Call[Any]) -> tuple[Change, Document]:
    """Return the subscription, and the change at the time that it lives by."""
    found = call.change.store.get("subscription", call.id)
    if found is None:
        raise no_such("subscription", call.id, status=404)
    return call.change.at_time_of(found["customer"]), found


@resource.operation("GET", "/v1/subscriptions/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a subscription."""
    return _require(call)[1]


@resource.operation("POST", "/v1/subscriptions/{id}", SubscriptionUpdate)
def update(call: Call[SubscriptionUpdate]) -> Document:
    """Change a subscription: labels first, then what is billed."""
    change, subscription = _require(call)
    params = call.params
    if subscription["status"] in ending.ENDED:
        raise no_such("subscription", call.id, status=404)
    if subscription["schedule"] and params.model_fields_set & {"cancel_at", "cancel_at_period_end"}:
        message = (
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and "
            "updating any cancelation behavior directly is not allowed. Please update the schedule instead."
        )
        raise invalid(message)
    if params.payment_behavior == "pending_if_incomplete":
        _require_pending(params)
    subscription = change.update(subscription, UPDATED, **_values(change, subscription, params))
    manner = Manner(params.proration_behavior, params.payment_behavior, params.proration_date)
    restart = bool(params.billing_cycle_anchor and params.billing_cycle_anchor.type == "now")
    if params.items or restart:
        items = changed_items(change, subscription, params.items or [])
        subscription = changing.change_items(change, subscription, items, manner, restart=restart)
    if params.trial_end == "now" and subscription["status"] == "trialing":
        subscription = changing.end_trial(change, subscription)
    elif isinstance(params.trial_end, int):
        subscription = changing.try_until(change, subscription, params.trial_end)
    cycling.arrange(change, subscription)
    return subscription


def _require_pending(params: SubscriptionUpdate) -> None:
    """Refuse what can't wait for a payment."""
    for name in sorted(params.model_fields_set - CAN_WAIT):
        message = (
            f"When `payment_behavior` is set to `pending_if_incomplete`, you can not pass `{name}`. Update "
            "it in a request of its own."
        )
        raise invalid(message, name)


def _values(change: Change, subscription: Document, params: SubscriptionUpdate) -> Document:
    values = _labels(change, params, subscription["customer"])
    values["metadata"] = merged(subscription["metadata"], params.metadata)
    given = params.model_fields_set
    if "pause_collection" in given:
        pause = params.pause_collection
        values["pause_collection"] = pause.model_dump() if pause else None
    if params.automatic_tax:
        values["automatic_tax"] = automatic_tax(enabled=params.automatic_tax.enabled)
    if "discounts" in given:
        found = found_discounts(change, params.discounts or [])
        ids = new_discounts(change, found, customer=subscription["customer"], subscription=subscription["id"])
        values["discounts"] = ids
    if params.cancellation_details:
        details = params.cancellation_details.model_dump(exclude_unset=True)
        values["cancellation_details"] = {**subscription["cancellation_details"], **details}
    return {**values, **ending_values(change, subscription, values)}


def ending_values(change: Change, subscription: Document, values: Document) -> Document:
    """Return what a wish to end it later, or no longer, does to the other fields."""
    known = subscription["cancellation_details"]
    if "cancel_at_period_end" in values:
        ends = values["cancel_at_period_end"]
        at = period_of(subscription)[1] if ends else None
    elif "cancel_at" in values:
        ends, at = values["cancel_at"] is not None, values["cancel_at"]
    else:
        return {}
    details = {**known, **values.get("cancellation_details", {})}
    return {
        "cancel_at": at,
        "canceled_at": change.now if ends else None,
        "cancellation_details": {**details, "reason": "cancellation_requested" if ends else None},
    }


@resource.operation("DELETE", "/v1/subscriptions/{id}", SubscriptionCancel)
def cancel(call: Call[SubscriptionCancel]) -> Document:
    """End a subscription now."""
    change, subscription = _require(call)
    if subscription["status"] in ending.ENDED:
        raise no_such("subscription", call.id, status=404)
    if call.params.invoice_now or call.params.prorate:
        raise invalid("Only cancelling without a last invoice is known here.", "invoice_now")
    details = call.params.cancellation_details
    return ending.end(
        change,
        subscription,
        comment=details.comment if details else None,
        feedback=details.feedback if details else None,
    )


@resource.operation("POST", "/v1/subscriptions/{id}/resume", SubscriptionResume)
def resume(call: Call[SubscriptionResume]) -> Document:
    """Let a paused subscription go on, with a new period."""
    change, subscription = _require(call)
    if subscription["status"] != "paused":
        raise invalid("Only subscriptions with a status of `paused` can be resumed.")
    resumed = changing.resume(change, subscription)
    cycling.arrange(change, resumed)
    return resumed


@resource.operation("GET", "/v1/subscriptions", SubscriptionList)
def list_(call: Call[SubscriptionList]) -> Document:
    """List subscriptions; those that have ended, or live by a test clock, only when they are asked for."""
    params = call.params
    statuses = {
        None: LIVE,
        "all": None,
        "ended": list(ending.ENDED),
    }
    where = {
        "customer": params.customer,
        "status": statuses.get(params.status, params.status),
        "items.data[0].price.id": params.price,
        "test_clock": params.test_clock,
    }
    off_clocks = params.customer is None and params.test_clock is None
    return page(call.change, "subscription", "/v1/subscriptions", params, where, off_clocks=off_clocks)
