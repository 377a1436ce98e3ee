"""Payments without the customer, by the card that they keep."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import stripe

from .conftest import StandIn


def kept(standin: StandIn, card: str) -> tuple[str, str]:
    """A customer and the card that they keep."""
    customer = standin.sdk.v1.customers.create()
    method = standin.sdk.v1.payment_methods.attach(card, {"customer": customer.id})
    return customer.id, method.id


def charge(standin: StandIn, customer: str, method: str, *, key: str | None = None) -> stripe.PaymentIntent:
    """A payment of $10.00 while nobody is there."""
    return standin.sdk.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "off_session": True,
            "confirm": True,
            "metadata": {"reference": "top-up"},
        },
        {"idempotency_key": key} if key else {},
    )


def test_a_kept_card_is_charged_without_the_customer(standin: StandIn) -> None:
    """It succeeds in the call; the charge carries the metadata; the same key charges once."""
    customer, method = kept(standin, "pm_card_visa")
    first, again = (charge(standin, customer, method, key="top-up-1") for _ in range(2))
    assert (first.id, first.status, first.amount_received) == (again.id, "succeeded", 1000)
    (made,) = standin.sdk.v1.charges.list({"customer": customer}).data
    assert (made.status, made.metadata["reference"], made.payment_method) == ("succeeded", "top-up", method)
    standin.inbox.wait_for_type("payment_intent.succeeded")


def test_a_declined_card_is_a_card_error(standin: StandIn) -> None:
    """The error names the intent, which stays, unpaid; the same key answers the same and charges nothing."""
    customer, method = kept(standin, "pm_card_chargeCustomerFail")
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            charge(standin, customer, method, key="top-up-1")
        assert refused.value.code == "card_declined"
        assert refused.value.error is not None
        assert refused.value.error.decline_code == "generic_decline"
    assert refused.value.error.payment_intent is not None
    (intent,) = standin.sdk.v1.payment_intents.list({"customer": customer}).data
    assert refused.value.error.payment_intent["id"] == intent.id
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    assert len(standin.sdk.v1.charges.list({"customer": customer}).data) == 1
    standin.inbox.wait_for_type("payment_intent.payment_failed")


def test_a_bank_that_asks_is_answered_on_its_page(standin: StandIn) -> None:
    """Without the customer it is refused; with them, the page completes it and leads back."""
    customer, method = kept(standin, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as refused:
        charge(standin, customer, method)
    assert refused.value.code == "authentication_required"
    (intent,) = standin.sdk.v1.payment_intents.list({"customer": customer}).data
    assert intent.status == "requires_payment_method"
    waiting = standin.sdk.v1.payment_intents.confirm(
        intent.id, {"payment_method": method, "return_url": "https://shop.example/back?x=1"}
    )
    assert waiting.status == "requires_action"
    assert waiting.next_action is not None
    assert waiting.next_action.redirect_to_url is not None
    url = waiting.next_action.redirect_to_url.url
    assert url is not None
    assert "Your bank asks" in httpx.get(url).text
    answer = httpx.post(url, data={"action": "complete"})
    back = urlsplit(answer.headers["location"])
    assert (answer.status_code, back.netloc) == (303, "shop.example")
    assert parse_qs(back.query)["redirect_status"] == ["succeeded"]
    assert standin.sdk.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert httpx.post(url, data={"action": "complete"}).status_code == 200
    assert [made.status for made in standin.sdk.v1.charges.list({"customer": customer}).data] == [
        "succeeded",
        "failed",
    ]


def test_an_answer_of_no_charges_nothing(standin: StandIn) -> None:
    """The intent waits for another card."""
    customer, method = kept(standin, "pm_card_authenticationRequired")
    intent = standin.sdk.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "customer": customer, "payment_method": method, "confirm": True}
    )
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    page = httpx.post(intent.next_action.redirect_to_url.url or "", data={"action": "fail"})
    assert "did not succeed" in page.text
    failed = standin.sdk.v1.payment_intents.retrieve(intent.id)
    assert (failed.status, failed.amount_received) == ("requires_payment_method", 0)


def test_another_customers_card_is_refused(standin: StandIn) -> None:
    """Nothing is made."""
    customer, _ = kept(standin, "pm_card_visa")
    _, other = kept(standin, "pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        charge(standin, customer, other)
    assert refused.value.code == "resource_missing"
    assert standin.sdk.v1.payment_intents.list().data == []


def test_an_intent_is_canceled_once(standin: StandIn) -> None:
    """A canceled one can be neither confirmed nor canceled again."""
    intents = standin.sdk.v1.payment_intents
    intent = intents.create({"amount": 1000, "currency": "usd"})
    assert intents.cancel(intent.id).status == "canceled"
    for again in (intents.cancel, intents.confirm):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            again(intent.id)
        assert refused.value.code == "payment_intent_unexpected_state"


def test_a_card_whose_refund_fails(standin: StandIn) -> None:
    """The refund of a payment without the customer fails as one of the Checkout page does."""
    customer, method = kept(standin, "pm_card_refundFail")
    intent = charge(standin, customer, method)
    standin.sdk.v1.refunds.create({"payment_intent": intent.id})
    standin.inbox.wait_for_type("refund.failed")
