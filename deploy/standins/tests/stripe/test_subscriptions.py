"""Subscriptions through the API, renewed by a test clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stripe
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

from .billing import DAY_S, START, Subscriber, item_of, price
from .conftest import KEY, Inbox, StandIn

HOUR_S = 3600


def day(moment: int) -> str:
    """A moment's day."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def test_a_subscription_begins_paid(standin: StandIn) -> None:
    """The period is on its item; the invoice names it under `parent` and was paid by a PaymentIntent."""
    ada = Subscriber.join(standin)
    plan = price(standin, 2900)
    subscription = ada.subscribe(plan, metadata={"account": "usr_1"})
    item = item_of(subscription)
    assert (subscription.status, item.price.id, item.quantity) == ("active", plan.id, 1)
    assert (day(item.current_period_start), day(item.current_period_end)) == ("2027-01-01", "2027-02-01")
    assert not hasattr(subscription, "current_period_end")
    seen = standin.sdk.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["latest_invoice.payments", "items.data.price.product", "customer"]}
    )
    invoice = seen.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.status, invoice.billing_reason, invoice.amount_paid) == (
        "paid",
        "subscription_create",
        2900,
    )
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.parent.subscription_details.metadata is not None
    assert invoice.parent.subscription_details.metadata["account"] == "usr_1"
    assert not hasattr(invoice, "subscription")
    assert invoice.payments is not None
    (payment,) = invoice.payments.data
    assert isinstance(payment.payment.payment_intent, str)
    found = standin.sdk.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": payment.payment.payment_intent}}
    )
    assert [each.invoice for each in found.data] == [invoice.id]
    assert standin.sdk.v1.payment_intents.retrieve(payment.payment.payment_intent).amount_received == 2900
    standin.inbox.wait_for_type("invoice.paid")
    standin.inbox.wait_for_type("invoice_payment.paid")
    standin.inbox.wait_for_type("customer.subscription.created")


def test_the_31st_falls_on_the_last_day_of_a_short_month(standin: StandIn) -> None:
    """A monthly subscription of the 31st comes back to the 31st."""
    january_31 = START + 30 * DAY_S
    ada = Subscriber.join(standin, start=january_31)
    subscription = ada.subscribe(price(standin, 2900))
    ends = [item_of(subscription).current_period_end]
    for _ in range(3):
        ada.advance(ends[-1])
        ends.append(item_of(ada.seen(subscription)).current_period_end)
    assert [day(end) for end in ends] == ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]


def test_a_renewals_invoice_is_a_draft_for_an_hour(standin: StandIn) -> None:
    """The next period begins at once, the money comes when the draft is final."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    end = item_of(subscription).current_period_end
    ada.advance(end)
    assert (ada.seen(subscription).status, item_of(ada.seen(subscription)).current_period_start) == (
        "active",
        end,
    )
    first, renewal = ada.invoices()
    assert (first.status, renewal.status, renewal.billing_reason) == ("paid", "draft", "subscription_cycle")
    assert (renewal.amount_due, renewal.amount_paid, renewal.created) == (2900, 0, end)
    ada.advance(end + HOUR_S)
    renewal = ada.invoices()[-1]
    assert (renewal.status, renewal.amount_paid) == ("paid", 2900)
    assert (renewal.lines.data[0].period.start, renewal.lines.data[0].period.end) == (
        end,
        item_of(ada.seen(subscription)).current_period_end,
    )


def test_a_year_on_a_clock_is_one_invoice_each_month(standin: StandIn) -> None:
    """Twelve renewals in order, none twice; a yearly one is paid once."""
    ada, grace = Subscriber.join(standin), Subscriber.join(standin)
    ada.subscribe(price(standin, 2900))
    yearly = grace.subscribe(price(standin, 29_000, interval="year"))
    for step in range(1, 14):
        ada.advance(START + step * 28 * DAY_S)
    grace.advance(START + 364 * DAY_S)
    starts = [day(invoice.lines.data[0].period.start) for invoice in ada.invoices()]
    assert starts == [f"2027-{month:02}-01" for month in range(1, 13)]
    assert [invoice.status for invoice in ada.invoices()] == ["paid"] * 12
    assert [invoice.amount_paid for invoice in grace.invoices()] == [29_000]
    assert day(item_of(grace.seen(yearly)).current_period_end) == "2028-01-01"


def test_cancelling_at_the_end_can_be_taken_back(standin: StandIn) -> None:
    """It is shown until then; taken back, it renews; not taken back, it ends and is not charged."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    end = item_of(subscription).current_period_end
    update = standin.sdk.v1.subscriptions.update
    cancelling = update(subscription.id, {"cancel_at_period_end": True})
    assert (cancelling.status, cancelling.cancel_at, cancelling.cancel_at_period_end) == ("active", end, True)
    assert update(subscription.id, {"cancel_at_period_end": False}).cancel_at is None
    ada.advance(end + HOUR_S)
    assert ada.seen(subscription).status == "active"
    update(subscription.id, {"cancel_at_period_end": True})
    ada.advance(end + 40 * DAY_S)
    ended = ada.seen(subscription)
    assert (ended.status, day(ended.ended_at or 0), len(ada.invoices())) == ("canceled", "2027-03-01", 2)
    assert standin.sdk.v1.subscriptions.list({"customer": ada.customer}).data == []
    listed = standin.sdk.v1.subscriptions.list({"customer": ada.customer, "status": "all"}).data
    assert [each.id for each in listed] == [subscription.id]


def test_cancelling_at_once(standin: StandIn) -> None:
    """It is over, told as deleted, and can't be changed any more."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    ended = standin.sdk.v1.subscriptions.cancel(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", START)
    standin.inbox.wait_for_type("customer.subscription.deleted")
    with pytest.raises(stripe.InvalidRequestError):
        standin.sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    ada.advance(START + 40 * DAY_S)
    assert len(ada.invoices()) == 1


def test_a_trial_is_free_and_then_paid(standin: StandIn) -> None:
    """An invoice of nothing first; three days before the end it is told; then the first period is paid."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900), trial_period_days=14)
    assert (subscription.status, subscription.trial_end) == ("trialing", START + 14 * DAY_S)
    assert [(invoice.amount_due, invoice.status) for invoice in ada.invoices()] == [(0, "paid")]
    assert standin.sdk.v1.payment_intents.list().data == []
    ada.advance(START + 11 * DAY_S)
    assert ada.events("customer.subscription.trial_will_end") == ["customer.subscription.trial_will_end"]
    ada.advance(START + 14 * DAY_S + HOUR_S)
    assert (ada.seen(subscription).status, ada.invoices()[-1].amount_paid) == ("active", 2900)
    assert day(item_of(ada.seen(subscription)).current_period_end) == "2027-02-15"


def test_a_trial_can_be_ended_now(standin: StandIn) -> None:
    """The period begins now and is paid."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900), trial_period_days=14)
    ada.advance(START + DAY_S)
    active = standin.sdk.v1.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert (active.status, item_of(active).current_period_start) == ("active", START + DAY_S)
    assert [invoice.amount_paid for invoice in ada.invoices()] == [0, 2900]


def test_the_end_moves_with_the_period(standin: StandIn) -> None:
    """A trial that is cancelled at its end and ended now goes on to the end of the period that was paid."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900), trial_period_days=14)
    update = standin.sdk.v1.subscriptions.update
    assert update(subscription.id, {"cancel_at_period_end": True}).cancel_at == START + 14 * DAY_S
    active = update(subscription.id, {"trial_end": "now"})
    assert active.cancel_at == item_of(active).current_period_end
    ada.advance(START + 32 * DAY_S)
    assert (ada.seen(subscription).status, len(ada.invoices())) == ("canceled", 2)


@pytest.mark.parametrize(
    ("behavior", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_a_trial_without_a_card_ends_as_it_was_told_to(standin: StandIn, behavior: str, status: str) -> None:
    """Ended, paused or owing; nothing is paid."""
    ada = Subscriber.join(standin, card=None)
    settings = {"end_behavior": {"missing_payment_method": behavior}}
    subscription = ada.subscribe(price(standin, 2900), trial_period_days=7, trial_settings=settings)
    ada.advance(START + 7 * DAY_S + HOUR_S)
    assert ada.seen(subscription).status == status
    assert sum(invoice.amount_paid for invoice in ada.invoices()) == 0
    if status == "paused":
        ada.keep("pm_card_visa")
        assert standin.sdk.v1.subscriptions.resume(subscription.id).status == "active"
        assert ada.invoices()[-1].amount_paid == 2900


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("void", "void"), ("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible")],
)
def test_paused_collection_takes_no_money(standin: StandIn, behavior: str, status: str) -> None:
    """The subscription goes on, its invoices are not charged; without the pause they are again."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    update: Any = standin.sdk.v1.subscriptions.update
    update(subscription.id, {"pause_collection": {"behavior": behavior}})
    end = item_of(subscription).current_period_end
    ada.advance(end + HOUR_S)
    assert (ada.seen(subscription).status, ada.invoices()[-1].status) == ("active", status)
    assert update(subscription.id, {"pause_collection": ""}).pause_collection is None
    ada.advance(item_of(ada.seen(subscription)).current_period_end + HOUR_S)
    assert ada.invoices()[-1].status == "paid"


def test_a_deleted_customer_has_no_subscription(standin: StandIn) -> None:
    """It ends with them."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    standin.sdk.v1.customers.delete(ada.customer)
    assert ada.seen(subscription).status == "canceled"


def test_time_goes_on_after_a_restart(settings: StripeSettings, inbox: Inbox) -> None:
    """What a clock has to bring is in the file: another process brings it, and nothing twice."""
    with running(create_app(settings)) as url:
        ada = Subscriber.join(StandIn(url, settings, inbox))
        subscription = ada.subscribe(price(ada.standin, 2900))
        end = item_of(subscription).current_period_end
        ada.advance(end)
    with running(create_app(settings)) as url:
        later = Subscriber(StandIn(url, settings, inbox), ada.clock, ada.customer)
        assert later.invoices()[-1].status == "draft"
        later.advance(end + HOUR_S)
        assert [invoice.status for invoice in later.invoices()] == ["paid", "paid"]
        assert later.seen(subscription).status == "active"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/subscriptions", {"customer": "cus_none"}),
        ("/v1/subscriptions/sub_none", {}),
        ("/v1/subscription_schedules", {"from_subscription": "sub_none"}),
        ("/v1/invoices/in_none/pay", {}),
        ("/v1/invoices/create_preview", {"subscription": "sub_none"}),
        ("/v1/payment_intents", {"amount": "1000", "currency": "usd"}),
        ("/v1/payment_methods/pm_card_visa/attach", {"customer": "cus_none"}),
        ("/v1/billing_portal/configurations", {"features[invoice_history][enabled]": "true"}),
        ("/v1/billing_portal/sessions", {"customer": "cus_none"}),
        ("/v1/test_helpers/test_clocks", {"frozen_time": "1"}),
    ],
)
def test_what_is_not_known_is_refused(standin: StandIn, path: str, fields: dict[str, str]) -> None:
    """An unknown parameter, also one that Stripe would take, is never passed over."""
    answer = httpx.post(
        f"{standin.url}{path}",
        data={**fields, "unheard_of": "1"},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "parameter_unknown", "unheard_of")
    assert error["type"] == "invalid_request_error"
    assert standin.sdk.v1.events.list().data == []
