"""What becomes of invoices that nobody pays, and of those that were paid."""

from __future__ import annotations

import pytest
import stripe

from .billing import DAY_S, START, Subscriber, item_of, price
from .conftest import StandIn

HOUR_S = 3600


def test_a_failed_renewal_is_tried_again_and_recovers(standin: StandIn) -> None:
    """Past due while it is tried; another card, and it is active again."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    ada.keep("pm_card_chargeCustomerFail")
    ada.advance(item_of(subscription).current_period_end + HOUR_S)
    renewal = ada.invoices()[-1]
    assert (renewal.status, renewal.attempt_count, renewal.amount_remaining) == ("open", 1, 2900)
    assert renewal.next_payment_attempt == item_of(subscription).current_period_end + HOUR_S + 3 * DAY_S
    assert ada.seen(subscription).status == "past_due"
    assert standin.sdk.v1.customers.retrieve(ada.customer).delinquent
    standin.inbox.wait_for_type("invoice.payment_failed")
    ada.keep("pm_card_visa")
    ada.advance(renewal.next_payment_attempt)
    assert (ada.seen(subscription).status, ada.invoices()[-1].status) == ("active", "paid")
    assert not standin.sdk.v1.customers.retrieve(ada.customer).delinquent


@pytest.mark.parametrize(("final", "told"), [("canceled", "customer.subscription.deleted"), ("unpaid", None)])
def test_in_the_end_nobody_tries_any_more(standin: StandIn, final: str, told: str | None) -> None:
    """After the last attempt the subscription is what the settings say, and the invoice stays open."""
    standin.control("POST", "dunning", after_retries=final)
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    ada.keep("pm_card_chargeCustomerFail")
    ada.advance(item_of(subscription).current_period_end + 20 * DAY_S)
    assert ada.seen(subscription).status == final
    renewal = ada.invoices()[-1]
    assert (renewal.status, renewal.attempt_count, renewal.next_payment_attempt) == ("open", 4, None)
    assert ada.events("invoice.payment_failed") == ["invoice.payment_failed"] * 4
    assert ada.events("customer.subscription.deleted") == ([told] if told else [])


def test_an_open_invoice_is_paid_by_hand(standin: StandIn) -> None:
    """`pay` answers 402 while the card is refused, and keeps count; with another card it is paid."""
    ada = Subscriber.join(standin)
    subscription = ada.subscribe(price(standin, 2900))
    ada.keep("pm_card_chargeCustomerFail")
    ada.advance(item_of(subscription).current_period_end + HOUR_S)
    renewal = ada.invoices()[-1]
    with pytest.raises(stripe.CardError) as refused:
        standin.sdk.v1.invoices.pay(renewal.id)
    assert refused.value.code == "card_declined"
    assert ada.invoices()[-1].attempt_count == 2
    good = standin.sdk.v1.payment_methods.attach("pm_card_visa", {"customer": ada.customer})
    paid = standin.sdk.v1.invoices.pay(renewal.id, {"payment_method": good.id})
    assert (paid.status, ada.seen(subscription).status) == ("paid", "active")
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        standin.sdk.v1.invoices.pay(renewal.id)


def test_nobody_subscribes_without_a_card(standin: StandIn) -> None:
    """The refusal leaves nothing behind; `default_incomplete` waits for one, and expires after 23 hours."""
    ada = Subscriber.join(standin, card=None)
    plan = price(standin, 2900)
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        ada.subscribe(plan)
    assert ada.invoices() == []
    waiting = ada.subscribe(plan, payment_behavior="default_incomplete")
    assert (waiting.status, ada.invoices()[0].status) == ("incomplete", "open")
    ada.advance(START + DAY_S)
    assert (ada.seen(waiting).status, ada.invoices()[0].status) == ("incomplete_expired", "void")


def test_a_refunded_invoice_is_found_by_its_payment(standin: StandIn) -> None:
    """The refund is one of the PaymentIntent that the invoice was paid by."""
    sdk = standin.sdk.v1
    ada = Subscriber.join(standin)
    ada.subscribe(price(standin, 2900))
    (payment,) = sdk.invoice_payments.list({"invoice": ada.invoices()[0].id}).data
    assert isinstance(payment.payment.payment_intent, str)
    refund = sdk.refunds.create({"payment_intent": payment.payment.payment_intent, "amount": 900})
    assert (refund.status, refund.payment_intent) == ("succeeded", payment.payment.payment_intent)
    (told,) = standin.inbox.wait_for_type("charge.refunded")
    assert told.data.object["payment_intent"] == payment.payment.payment_intent


def test_a_card_for_disputes_disputes_a_renewal(standin: StandIn) -> None:
    """The invoice is paid, then its charge is disputed."""
    ada = Subscriber.join(standin, card="pm_card_createDispute")
    ada.subscribe(price(standin, 2900))
    (told,) = standin.inbox.wait_for_type("charge.dispute.created")
    (payment,) = standin.sdk.v1.invoice_payments.list({"invoice": ada.invoices()[0].id}).data
    assert (ada.invoices()[0].status, told.data.object["amount"]) == ("paid", 2900)
    assert told.data.object["payment_intent"] == payment.payment.payment_intent
