"""Subscribing on the hosted page, and invoices of purchases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from .billing import DAY_S, START, Subscriber, item_of, plan_session, press, price
from .conftest import StandIn


def retrieved(standin: StandIn, session: stripe.checkout.Session) -> stripe.checkout.Session:
    """The session as it stands, with what it led to."""
    return standin.sdk.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["subscription", "invoice.payments", "customer"]}
    )


def test_pressing_subscribe_begins_a_paid_subscription(standin: StandIn) -> None:
    """Session, subscription, invoice, card and customer name each other; the session names no payment."""
    plan = price(standin, 2900)
    session = plan_session(
        standin,
        plan,
        client_reference_id="usr_1",
        subscription_data={"metadata": {"account": "usr_1"}},
    )
    assert (session.mode, session.amount_total, session.payment_method_types) == (
        "subscription",
        2900,
        ["card"],
    )
    page = httpx.get(session.url or "").text
    assert "Subscribe" in page
    assert "$29.00 per month" in page
    answer = press(standin, session)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"https://shop.example/done?session={session.id}",
    )
    done = retrieved(standin, session)
    subscription, invoice = done.subscription, done.invoice
    assert isinstance(subscription, stripe.Subscription)
    assert isinstance(invoice, stripe.Invoice)
    assert isinstance(done.customer, stripe.Customer)
    assert (done.status, done.payment_status, done.payment_intent) == ("complete", "paid", None)
    assert (subscription.status, subscription.metadata["account"]) == ("active", "usr_1")
    assert (subscription.latest_invoice, subscription.customer) == (invoice.id, done.customer.id)
    assert (item_of(subscription).price.id, done.customer.email) == (plan.id, "ada@example.com")
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == (
        "subscription_create",
        "paid",
        2900,
    )
    assert invoice.payments is not None
    assert [payment.status for payment in invoice.payments.data] == ["paid"]
    kept = standin.sdk.v1.payment_methods.list({"customer": done.customer.id}).data
    assert [method.id for method in kept] == [subscription.default_payment_method]
    for told in (
        "checkout.session.completed",
        "customer.subscription.created",
        "invoice.paid",
        "invoice_payment.paid",
        "payment_method.attached",
        "payment_intent.succeeded",
    ):
        standin.inbox.wait_for_type(told)
    (created,) = standin.inbox.wait_for_type("customer.subscription.created")
    assert created.data.object["status"] == "active"
    assert press(standin, session).status_code == 303
    assert press(standin, session, action="dispute").status_code == 303
    assert len(standin.sdk.v1.subscriptions.list().data) == 1
    assert standin.sdk.v1.disputes.list().data == []
    assert (invoice.hosted_invoice_url or "") in httpx.get(f"{standin.url}/c/pay/{session.id}").text


def test_a_declined_card_begins_nothing(standin: StandIn) -> None:
    """The page says so and stays; with another card it is paid by the same PaymentIntent."""
    session = plan_session(standin, price(standin, 2900))
    refused = press(standin, session, card="pm_card_visa_chargeDeclinedInsufficientFunds")
    assert (refused.status_code, "insufficient funds" in refused.text) == (402, True)
    sdk = standin.sdk.v1
    assert (sdk.subscriptions.list().data, sdk.invoices.list().data, sdk.customers.list().data) == (
        [],
        [],
        [],
    )
    assert press(standin, session).status_code == 303
    (intent,) = sdk.payment_intents.list().data
    assert intent.status == "succeeded"
    assert [invoice.amount_paid for invoice in sdk.invoices.list().data] == [2900]


def test_a_trial_keeps_a_card_and_takes_no_money(standin: StandIn) -> None:
    """Nothing is due today; the card is charged when the trial ends."""
    ada = Subscriber.join(standin, card=None)
    session = plan_session(
        standin, price(standin, 2900), customer=ada.customer, subscription_data={"trial_period_days": 7}
    )
    assert (session.amount_total, "7 days free" in httpx.get(session.url or "").text) == (0, True)
    assert press(standin, session).status_code == 303
    done = retrieved(standin, session)
    assert isinstance(done.subscription, stripe.Subscription)
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")
    assert done.subscription.trial_end == START + 7 * DAY_S
    assert isinstance(done.setup_intent, str)
    assert standin.sdk.v1.setup_intents.retrieve(done.setup_intent).status == "succeeded"
    assert standin.sdk.v1.payment_intents.list().data == []
    ada.advance(START + 8 * DAY_S)
    assert [invoice.amount_paid for invoice in ada.invoices()] == [0, 2900]


def test_a_card_that_can_not_be_kept_starts_no_trial(standin: StandIn) -> None:
    """The session stays open."""
    session = plan_session(standin, price(standin, 2900), subscription_data={"trial_period_days": 7})
    refused = press(standin, session, card="pm_card_visa_chargeDeclined")
    assert (refused.status_code, "Your card was declined." in refused.text) == (402, True)
    assert standin.sdk.v1.subscriptions.list().data == []
    standin.inbox.wait_for_type("setup_intent.setup_failed")


def test_a_plan_for_nothing_takes_no_card_if_none_is_required(standin: StandIn) -> None:
    """A code for everything: no payment intent, no card, an invoice of nothing, and the code is used once."""
    sdk = standin.sdk.v1
    coupon = sdk.coupons.create({"percent_off": 100, "duration": "once"})
    code = sdk.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FREE"})
    ada = Subscriber.join(standin, card=None)
    session = plan_session(
        standin,
        price(standin, 2900),
        customer=ada.customer,
        allow_promotion_codes=True,
        payment_method_collection="if_required",
    )
    assert press(standin, session, promotion_code="free").status_code == 303
    done = retrieved(standin, session)
    assert isinstance(done.subscription, stripe.Subscription)
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "active")
    assert done.subscription.default_payment_method is None
    assert sdk.payment_intents.list().data == []
    (invoice,) = ada.invoices()
    assert (invoice.subtotal, invoice.total, invoice.status) == (2900, 0, "paid")
    assert invoice.total_discount_amounts is not None
    assert [each.amount for each in invoice.total_discount_amounts] == [2900]
    assert sdk.promotion_codes.retrieve(code.id).times_redeemed == 1
    ada.keep("pm_card_visa")
    ada.advance(item_of(done.subscription).current_period_end + 3600)
    assert ada.invoices()[-1].amount_paid == 2900


def test_a_coupon_for_some_months_ends_by_itself(standin: StandIn) -> None:
    """Half for two months, then all."""
    terms: Any = {"percent_off": 50, "duration": "repeating", "duration_in_months": 2}
    coupon = standin.sdk.v1.coupons.create(terms)
    ada = Subscriber.join(standin)
    session = plan_session(
        standin, price(standin, 3000), customer=ada.customer, discounts=[{"coupon": coupon.id}]
    )
    assert press(standin, session).status_code == 303
    for month in range(1, 4):
        ada.advance(START + month * 31 * DAY_S + 3600)
    assert [invoice.amount_paid for invoice in ada.invoices()] == [1500, 1500, 3000, 3000]


def test_tax_is_a_flat_rate_on_top(standin: StandIn) -> None:
    """Session and invoice say the same; renewals are taxed too; an inclusive price stays what it is."""
    standin.control("POST", "tax", percent=20)
    ada = Subscriber.join(standin, card=None)
    session = plan_session(
        standin,
        price(standin, 1000),
        customer=ada.customer,
        automatic_tax={"enabled": True},
        billing_address_collection="required",
        tax_id_collection={"enabled": True},
        customer_update={"address": "auto", "name": "auto"},
    )
    assert session.total_details is not None
    assert (session.amount_subtotal, session.amount_total, session.total_details.amount_tax) == (
        1000,
        1200,
        200,
    )
    assert press(standin, session).status_code == 400
    form = {"country": "DE", "business_name": "Ada Ltd", "tax_id": "DE123456789"}
    assert press(standin, session, **form).status_code == 303
    done = retrieved(standin, session)
    assert isinstance(done.customer, stripe.Customer)
    assert isinstance(done.subscription, stripe.Subscription)
    assert done.customer_details is not None
    assert done.customer_details.tax_ids is not None
    assert [each.value for each in done.customer_details.tax_ids] == ["DE123456789"]
    assert done.customer.address is not None
    assert (done.customer.address.country, done.customer.name) == ("DE", "Ada Ltd")
    ada.advance(item_of(done.subscription).current_period_end + 3600)
    for invoice in ada.invoices():
        assert (invoice.amount_paid, invoice.total_excluding_tax) == (1200, 1000)
        assert invoice.total_taxes is not None
        assert [tax.amount for tax in invoice.total_taxes] == [200]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"customer_creation": "always"}, "customer_creation"),
        ({"payment_intent_data": {"description": "x"}}, "payment_intent_data"),
        ({"invoice_creation": {"enabled": True}}, "invoice_creation"),
        ({"payment_method_types": ["paypal"]}, "payment_method_types[0]"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_what_does_not_belong_to_a_subscription(standin: StandIn, params: dict[str, Any], param: str) -> None:
    """It is refused by its name and opens nothing."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        plan_session(standin, price(standin, 2900), **params)
    assert refused.value.param == param
    assert standin.sdk.v1.checkout.sessions.list().data == []


def test_a_purchase_gets_an_invoice(standin: StandIn) -> None:
    """It is paid by the session's own PaymentIntent; a customer is made for it; its pages exist."""
    session = standin.session(
        invoice_creation={"enabled": True, "invoice_data": {"metadata": {"account": "usr_1"}}}
    )
    assert standin.submit(session, "pay").status_code == 303
    done = retrieved(standin, session)
    invoice = done.invoice
    assert isinstance(invoice, stripe.Invoice)
    assert isinstance(done.customer, stripe.Customer)
    assert (invoice.status, invoice.amount_paid, invoice.parent) == ("paid", 1000, None)
    assert invoice.metadata is not None
    assert invoice.metadata["account"] == "usr_1"
    assert invoice.payments is not None
    assert [each.payment.payment_intent for each in invoice.payments.data] == [done.payment_intent]
    assert standin.submit(standin.session(), "pay").status_code == 303
    assert len(standin.sdk.v1.invoices.list().data) == 1


def test_a_card_is_kept_when_the_purchase_says_so(standin: StandIn) -> None:
    """For later payments without the customer; without that it isn't."""
    customer = standin.sdk.v1.customers.create({"email": "ada@example.com"})
    for data, count in (({"description": "once"}, 0), ({"setup_future_usage": "off_session"}, 1)):
        session = standin.session(customer=customer.id, payment_intent_data=data)
        assert standin.submit(session, "pay").status_code == 303
        assert len(standin.sdk.v1.payment_methods.list({"customer": customer.id}).data) == count
