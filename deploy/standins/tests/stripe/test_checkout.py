"""Paying on the hosted page, seen through the SDK and the webhooks."""

from __future__ import annotations

import httpx
import pytest
import stripe

from .conftest import StandIn

PAID = [
    "charge.succeeded",
    "checkout.session.completed",
    "payment_intent.created",
    "payment_intent.succeeded",
]


def test_pay_completes_session_and_intent(standin: StandIn) -> None:
    """Pay charges the amount, redirects to success_url and carries both kinds of metadata."""
    session = standin.session(
        client_reference_id="usr_1",
        metadata={"pack": "starter"},
        payment_intent_data={"metadata": {"account": "usr_1"}},
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    answer = standin.submit(session, "pay")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"https://shop.example/done?session={session.id}"

    paid = standin.sdk.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (paid.status, paid.payment_status, paid.url, paid.amount_total) == ("complete", "paid", None, 1000)
    assert paid.client_reference_id == "usr_1"
    assert paid.metadata is not None
    assert paid.metadata["pack"] == "starter"
    assert paid.customer_details is not None
    assert paid.customer_details.email == "ada@example.com"
    assert (intent.status, intent.amount_received) == ("succeeded", 1000)
    assert intent.metadata["account"] == "usr_1"
    assert (intent.latest_charge.paid, intent.latest_charge.metadata["account"]) == (True, "usr_1")
    assert paid.line_items is not None
    assert [item.description for item in paid.line_items.data] == ["Starter"]


def test_paying_sends_signed_webhooks(standin: StandIn) -> None:
    """The completed event verifies and carries the paid session, without our private fields."""
    session = standin.session()
    standin.submit(session, "pay")
    (event,) = standin.inbox.wait_for_type("checkout.session.completed")
    assert event.api_version == standin.settings.webhook_api_version
    completed = event.data.object
    assert (completed["id"], completed["payment_status"]) == (session.id, "paid")
    assert not [name for name in completed.to_dict() if name.startswith("_")]
    listed = standin.sdk.v1.events.list({"types": PAID})
    assert sorted(item.type for item in listed.data) == PAID


def test_paying_twice_pays_once(standin: StandIn) -> None:
    """A double submit redirects twice but charges and completes once."""
    session = standin.session()
    answers = [standin.submit(session, "pay") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(standin.sdk.v1.charges.list().data) == 1
    assert len(standin.sdk.v1.events.list({"type": "checkout.session.completed"}).data) == 1


def test_decline_keeps_the_session_open(standin: StandIn) -> None:
    """A declined card shows its message; the same PaymentIntent can still be paid."""
    session = standin.session()
    refused = standin.submit(session, "decline")
    assert refused.status_code == 402
    assert "Your card was declined." in refused.text
    assert standin.sdk.v1.checkout.sessions.retrieve(session.id).status == "open"
    (intent,) = standin.sdk.v1.payment_intents.list().data
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    standin.inbox.wait_for_type("payment_intent.payment_failed")

    standin.submit(session, "pay")
    paid = standin.sdk.v1.checkout.sessions.retrieve(session.id)
    assert (paid.payment_status, paid.payment_intent) == ("paid", intent.id)
    assert [charge.status for charge in standin.sdk.v1.charges.list().data] == ["succeeded", "failed"]


def test_bank_debit_settles_later(standin: StandIn) -> None:
    """The session completes unpaid first and is paid by async_payment_succeeded."""
    session = standin.session()
    assert standin.submit(session, "bank_debit").status_code == 303
    (completed,) = standin.inbox.wait_for_type("checkout.session.completed")
    assert completed.data.object["payment_status"] == "unpaid"
    (succeeded,) = standin.inbox.wait_for_type("checkout.session.async_payment_succeeded")
    assert succeeded.data.object["payment_status"] == "paid"
    standin.inbox.wait_for_type("payment_intent.succeeded")
    assert standin.sdk.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_bank_debit_can_fail(standin: StandIn) -> None:
    """The second choice ends in async_payment_failed and never in a paid session."""
    session = standin.session()
    standin.submit(session, "bank_debit_fails")
    (failed,) = standin.inbox.wait_for_type("checkout.session.async_payment_failed")
    assert failed.data.object["payment_status"] == "unpaid"
    assert "payment_intent.succeeded" not in standin.inbox.types()
    assert standin.sdk.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_customer_created_always(standin: StandIn) -> None:
    """customer_creation=always makes a customer that session, intent and charge share."""
    session = standin.session(customer_creation="always")
    standin.submit(session, "pay", email="grace@example.com")
    (customer,) = standin.sdk.v1.customers.list().data
    (charge,) = standin.sdk.v1.charges.list({"customer": customer.id}).data
    paid = standin.sdk.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (customer.email, paid.customer, paid.payment_intent.customer) == (
        "grace@example.com",
        customer.id,
        customer.id,
    )
    assert charge.customer == customer.id


def test_expired_session_cannot_be_paid(standin: StandIn) -> None:
    """After expire the page refuses, nothing is charged and expiring again is an error."""
    session = standin.session()
    expired = standin.sdk.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert standin.submit(session, "pay").status_code == 410
    assert standin.sdk.v1.charges.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        standin.sdk.v1.checkout.sessions.expire(session.id)
    standin.inbox.wait_for_type("checkout.session.expired")


def test_page_is_a_labelled_plain_form(standin: StandIn) -> None:
    """The page says what it is, shows the total, escapes text and links back to cancel_url."""
    price = {"currency": "usd", "unit_amount": 123456, "product_data": {"name": "<b>Pack</b>"}}
    session = standin.session(
        line_items=[{"price_data": price, "quantity": 1}], customer_email="ada@example.com"
    )
    assert session.url == f"{standin.url}/c/pay/{session.id}"
    page = httpx.get(session.url).text
    assert "Test stand-in" in page
    assert "$1,234.56" in page
    assert "&lt;b&gt;Pack&lt;/b&gt;" in page
    assert 'href="https://shop.example/cancelled"' in page
    assert "<script" not in page


def test_page_of_unknown_session_is_404(standin: StandIn) -> None:
    """An unknown session has no page and takes no payment."""
    assert httpx.get(f"{standin.url}/c/pay/cs_test_none").status_code == 404
    assert httpx.post(f"{standin.url}/c/pay/cs_test_none", data={"action": "pay"}).status_code == 404


@pytest.mark.parametrize(
    "form", [{"action": "pay", "email": ""}, {"action": "steal", "email": "a@b.example"}]
)
def test_bad_form_pays_nothing(standin: StandIn, form: dict[str, str]) -> None:
    """A form without an address, or with an unknown action, is refused and charges nothing."""
    session = standin.session()
    assert httpx.post(f"{standin.url}/c/pay/{session.id}", data=form).status_code == 400
    assert standin.sdk.v1.charges.list().data == []
    assert standin.sdk.v1.checkout.sessions.retrieve(session.id).status == "open"
