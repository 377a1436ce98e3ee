"""Upgrades at once, downgrades at the end of the period."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from .billing import START, Subscriber, item_of, price
from .conftest import StandIn

HOUR_S = 3600


def day(moment: int) -> str:
    """A moment's day."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def test_an_upgrade_is_charged_at_once(standin: StandIn) -> None:
    """Half of the period is given back at the old price and charged at the new one; the period stays."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 3000))
    start, end = item_of(subscription).current_period_start, item_of(subscription).current_period_end
    ada.advance((start + end) // 2)
    larger = price(standin, 6000, name="Business")
    changed = standin.sdk.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": item_of(subscription).id, "price": larger.id}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        },
    )
    assert (item_of(changed).price.id, item_of(changed).current_period_end) == (larger.id, end)
    invoice = ada.invoices()[-1]
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == (
        "subscription_update",
        "paid",
        1500,
    )
    assert [line.amount for line in invoice.lines.data] == [-1500, 3000]
    assert changed.latest_invoice == invoice.id
    ada.advance(end + HOUR_S)
    assert ada.invoices()[-1].amount_paid == 6000


def test_a_change_without_proration_costs_from_the_next_period_on(standin: StandIn) -> None:
    """Nothing is invoiced now."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 6000))
    smaller = price(standin, 3000)
    params: Any = {
        "items": [{"id": item_of(subscription).id, "price": smaller.id}],
        "proration_behavior": "none",
    }
    changed = standin.sdk.v1.subscriptions.update(subscription.id, params)
    assert (item_of(changed).price.id, len(ada.invoices())) == (smaller.id, 1)
    ada.advance(item_of(changed).current_period_end + HOUR_S)
    assert [invoice.amount_paid for invoice in ada.invoices()] == [6000, 3000]


def test_an_upgrade_that_cannot_be_paid_does_not_happen(standin: StandIn) -> None:
    """With `error_if_incomplete` the refused card leaves price and invoices as they were."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 3000))
    ada.keep("pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        standin.sdk.v1.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": item_of(subscription).id, "price": price(standin, 6000).id}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )
    assert item_of(ada.seen(subscription)).price.unit_amount == 3000
    assert len(ada.invoices()) == 1


def test_a_month_becomes_a_year_at_once(standin: StandIn) -> None:
    """Another interval restarts the period: the rest of the old one is given back."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 3000))
    yearly = price(standin, 30_000, interval="year")
    standin.sdk.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": item_of(subscription).id, "price": yearly.id}],
            "proration_behavior": "always_invoice",
        },
    )
    item = item_of(ada.seen(subscription))
    assert (day(item.current_period_start), day(item.current_period_end)) == ("2027-01-01", "2028-01-01")
    assert [line.amount for line in ada.invoices()[-1].lines.data] == [-3000, 30_000]


def test_a_downgrade_waits_for_the_periods_end(standin: StandIn) -> None:
    """A schedule of two phases: nothing changes before, and the renewal is at the smaller price."""
    sdk = standin.sdk.v1
    ada = Subscriber.join(standin)
    larger, smaller = price(standin, 6000), price(standin, 3000)
    subscription = ada.subscribe(larger)
    end = item_of(subscription).current_period_end
    schedule = sdk.subscription_schedules.create({"from_subscription": subscription.id})
    assert ada.seen(subscription).schedule == schedule.id
    sdk.subscription_schedules.update(
        schedule.id,
        {
            "end_behavior": "release",
            "phases": [
                {"items": [{"price": larger.id}], "start_date": START, "end_date": end},
                {"items": [{"price": smaller.id}], "proration_behavior": "none"},
            ],
        },
    )
    ada.advance(end - 1)
    assert item_of(ada.seen(subscription)).price.id == larger.id
    ada.advance(end + HOUR_S)
    assert item_of(ada.seen(subscription)).price.id == smaller.id
    assert [invoice.amount_paid for invoice in ada.invoices()] == [6000, 3000]
    ada.advance(item_of(ada.seen(subscription)).current_period_end + HOUR_S)
    assert (ada.seen(subscription).schedule, ada.seen(subscription).status) == (None, "active")
    assert sdk.subscription_schedules.retrieve(schedule.id).status == "released"


def test_a_downgrade_can_be_taken_back(standin: StandIn) -> None:
    """A released schedule leaves the subscription as it is."""
    sdk = standin.sdk.v1
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 6000))
    schedule = sdk.subscription_schedules.create({"from_subscription": subscription.id})
    phases: Any = [
        {
            "items": [{"price": item_of(subscription).price.id}],
            "end_date": item_of(subscription).current_period_end,
        },
        {"items": [{"price": price(standin, 3000).id}]},
    ]
    sdk.subscription_schedules.update(schedule.id, {"phases": phases})
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        sdk.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert sdk.subscription_schedules.release(schedule.id).released_subscription == subscription.id
    ada.advance(item_of(subscription).current_period_end + HOUR_S)
    assert [invoice.amount_paid for invoice in ada.invoices()] == [6000, 6000]


def test_a_preview_says_what_a_change_costs_and_changes_nothing(standin: StandIn) -> None:
    """Now, with `always_invoice`; otherwise with the next period. It is what is charged then."""
    sdk = standin.sdk.v1
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 3000))
    start, end = item_of(subscription).current_period_start, item_of(subscription).current_period_end
    ada.advance((start + end) // 2)
    told = len(sdk.events.list({"limit": 100}).data)
    larger = price(standin, 6000, name="Business")
    items: Any = [{"id": item_of(subscription).id, "price": larger.id}]
    preview: Any = sdk.invoices.create_preview
    now = preview(
        {
            "subscription": subscription.id,
            "subscription_details": {"items": items, "proration_behavior": "always_invoice"},
        }
    )
    later = preview({"subscription": subscription.id, "subscription_details": {"items": items}})
    unchanged = preview({"subscription": subscription.id})
    assert [each.amount_due for each in (now, later, unchanged)] == [1500, 7500, 3000]
    assert item_of(ada.seen(subscription)).price.unit_amount == 3000
    assert (len(ada.invoices()), len(sdk.events.list({"limit": 100}).data)) == (1, told + 2)
    params: Any = {"items": items, "proration_behavior": "always_invoice"}
    sdk.subscriptions.update(subscription.id, params)
    assert ada.invoices()[-1].amount_paid == now.amount_due


def test_a_cheaper_plan_leaves_credit_for_later_invoices(standin: StandIn) -> None:
    """What is given back stays with the customer, and pays the next period first."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 6000))
    start, end = item_of(subscription).current_period_start, item_of(subscription).current_period_end
    ada.advance((start + end) // 2)
    params: Any = {
        "items": [{"id": item_of(subscription).id, "price": price(standin, 2000).id}],
        "proration_behavior": "always_invoice",
    }
    standin.sdk.v1.subscriptions.update(subscription.id, params)
    invoice = ada.invoices()[-1]
    assert (invoice.status, invoice.total, invoice.amount_due, invoice.ending_balance) == (
        "paid",
        -2000,
        0,
        -2000,
    )
    assert standin.sdk.v1.customers.retrieve(ada.customer).balance == -2000
    ada.advance(end + HOUR_S)
    renewal = ada.invoices()[-1]
    assert (renewal.total, renewal.starting_balance, renewal.amount_paid) == (2000, -2000, 0)
    assert standin.sdk.v1.customers.retrieve(ada.customer).balance == 0


def upgrade(standin: StandIn, subscription: stripe.Subscription, plan: stripe.Price) -> stripe.Subscription:
    """Change the plan once it is paid."""
    params: Any = {
        "items": [{"id": item_of(subscription).id, "price": plan.id}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
    }
    return standin.sdk.v1.subscriptions.update(subscription.id, params)


def test_an_upgrade_can_wait_for_its_money(standin: StandIn) -> None:
    """Nothing changes while the card refuses; paid by another card, the plan changes."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 3000))
    larger = price(standin, 6000)
    ada.keep("pm_card_chargeCustomerFail")
    waiting = upgrade(standin, subscription, larger)
    assert waiting.pending_update is not None
    assert waiting.pending_update.subscription_items is not None
    assert waiting.pending_update.subscription_items[0].price.id == larger.id
    assert (waiting.status, item_of(waiting).price.unit_amount) == ("active", 3000)
    invoice = ada.invoices()[-1]
    assert (invoice.status, invoice.next_payment_attempt) == ("open", None)
    good = standin.sdk.v1.payment_methods.attach("pm_card_visa", {"customer": ada.customer})
    standin.sdk.v1.invoices.pay(invoice.id, {"payment_method": good.id})
    changed = ada.seen(subscription)
    assert (changed.pending_update, item_of(changed).price.id) == (None, larger.id)
    standin.inbox.wait_for_type("customer.subscription.pending_update_applied")


def test_an_upgrade_that_nobody_pays_is_given_up(standin: StandIn) -> None:
    """After 23 hours the invoice is void and the plan is what it was; a paid one never waits."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 3000))
    ada.keep("pm_card_authenticationRequired")
    assert upgrade(standin, subscription, price(standin, 6000)).pending_update is not None
    ada.advance(START + 23 * HOUR_S)
    kept = ada.seen(subscription)
    assert (kept.pending_update, kept.status, item_of(kept).price.unit_amount) == (None, "active", 3000)
    assert [invoice.status for invoice in ada.invoices()] == ["paid", "void"]
    standin.inbox.wait_for_type("customer.subscription.pending_update_expired")
    ada.keep("pm_card_visa")
    at_once = upgrade(standin, subscription, price(standin, 9000))
    assert (at_once.pending_update, item_of(at_once).price.unit_amount) == (None, 9000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        standin.sdk.v1.subscriptions.update(
            subscription.id, {"payment_behavior": "pending_if_incomplete", "metadata": {"a": "b"}}
        )
    assert refused.value.param == "metadata"


def test_everything_around_a_subscription_expands(standin: StandIn) -> None:
    """From the invoice to its subscription and charge; from the subscription to its discount's coupon."""
    sdk = standin.sdk.v1
    ada = Subscriber.join(standin)
    coupon = sdk.coupons.create({"percent_off": 10, "duration": "forever"})
    subscription = ada.subscribe(price(standin, 3000), discounts=[{"coupon": coupon.id}])
    paths = [
        "data.parent.subscription_details.subscription",
        "data.payments.data.payment.payment_intent.latest_charge",
        "data.lines.data.pricing.price_details.price",
    ]
    (invoice,) = sdk.invoices.list({"customer": ada.customer, "expand": paths}).data
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert isinstance(invoice.parent.subscription_details.subscription, stripe.Subscription)
    assert invoice.payments is not None
    intent = invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.amount == 2700
    pricing = invoice.lines.data[0].pricing
    assert pricing is not None
    assert pricing.price_details is not None
    assert isinstance(pricing.price_details.price, stripe.Price)
    seen = sdk.subscriptions.retrieve(
        subscription.id, {"expand": ["discounts.source.coupon", "latest_invoice"]}
    )
    assert isinstance(seen.discounts[0], stripe.Discount)
    assert isinstance(seen.discounts[0].source.coupon, stripe.Coupon)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        sdk.subscriptions.retrieve(subscription.id, {"expand": ["metadata"]})
