"""The hosted invoice: read, paid, authenticated and disputed by a person."""

from __future__ import annotations

import httpx
import stripe

from .billing import Subscriber, item_of, price
from .conftest import StandIn

HOUR_S = 3600


def unpaid_renewal(ada: Subscriber, card: str) -> stripe.Invoice:
    """The open invoice of a renewal that the card refused."""
    subscription = ada.subscribe(price(ada.standin, 2900))
    ada.keep(card)
    ada.advance(item_of(subscription).current_period_end + HOUR_S)
    return ada.invoices()[-1]


def test_a_person_reads_and_pays_an_invoice(standin: StandIn) -> None:
    """A declined card is said; a good one pays it, and the subscription is active again."""
    ada = Subscriber.join(standin)
    invoice = unpaid_renewal(ada, "pm_card_chargeCustomerFail")
    url = invoice.hosted_invoice_url or ""
    page = httpx.get(url).text
    assert invoice.number is not None
    assert invoice.number in page
    assert "$29.00" in page
    refused = httpx.post(url, data={"card": "pm_card_visa_chargeDeclined"})
    assert (refused.status_code, "Your card was declined." in refused.text) == (402, True)
    assert ada.invoices()[-1].status == "open"
    assert httpx.post(url, data={"card": "pm_card_visa"}).status_code == 200
    assert ada.invoices()[-1].status == "paid"
    (subscription,) = standin.sdk.v1.subscriptions.list({"customer": ada.customer}).data
    assert subscription.status == "active"
    assert httpx.post(url, data={"card": "pm_card_visa"}).status_code == 200
    assert len(standin.sdk.v1.charges.list({"customer": ada.customer}).data) == 4


def test_the_pdf_is_one(standin: StandIn) -> None:
    """It opens as a PDF and says the number; an unknown invoice has neither page nor file."""
    ada = Subscriber.join(standin)
    ada.subscribe(price(standin, 2900))
    (invoice,) = ada.invoices()
    answer = httpx.get(invoice.invoice_pdf or "")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-1.4")
    assert (invoice.number or "").encode() in answer.content
    assert httpx.get(f"{standin.url}/i/in_none").status_code == 404
    assert httpx.get(f"{standin.url}/i/in_none/pdf").status_code == 404


def test_a_renewal_that_needs_the_cardholder(standin: StandIn) -> None:
    """It is told as such; on the invoice's page it is completed."""
    ada = Subscriber.join(standin)
    invoice = unpaid_renewal(ada, "pm_card_authenticationRequired")
    standin.inbox.wait_for_type("invoice.payment_action_required")
    (payment,) = standin.sdk.v1.invoice_payments.list({"invoice": invoice.id}).data
    intent = standin.sdk.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    assert intent.status == "requires_action"
    (subscription,) = standin.sdk.v1.subscriptions.list({"customer": ada.customer}).data
    assert subscription.status == "past_due"
    url = invoice.hosted_invoice_url or ""
    assert "Complete authentication" in httpx.get(url).text
    httpx.post(url, data={"action": "authenticate"})
    assert (ada.invoices()[-1].status, ada.seen(subscription).status) == ("paid", "active")


def test_the_page_where_the_bank_asks_pays_the_invoice_too(standin: StandIn) -> None:
    """Whichever page completes the payment, the invoice is paid once."""
    ada = Subscriber.join(standin)
    invoice = unpaid_renewal(ada, "pm_card_authenticationRequired")
    (payment,) = standin.sdk.v1.invoice_payments.list({"invoice": invoice.id}).data
    intent = str(payment.payment.payment_intent)
    assert httpx.post(f"{standin.url}/authenticate/{intent}", data={"action": "complete"}).status_code == 200
    assert (ada.invoices()[-1].status, ada.invoices()[-1].amount_paid) == ("paid", 2900)


def test_a_paid_invoice_can_be_disputed(standin: StandIn) -> None:
    """By its page, and taken back there; an open one can't be."""
    ada = Subscriber.join(standin)
    invoice = unpaid_renewal(ada, "pm_card_chargeCustomerFail")
    httpx.post(invoice.hosted_invoice_url or "", data={"action": "dispute"})
    assert standin.sdk.v1.disputes.list().data == []
    url = ada.invoices()[0].hosted_invoice_url or ""
    httpx.post(url, data={"action": "dispute"})
    (dispute,) = standin.sdk.v1.disputes.list().data
    (payment,) = standin.sdk.v1.invoice_payments.list({"invoice": ada.invoices()[0].id}).data
    assert (dispute.amount, dispute.payment_intent) == (2900, payment.payment.payment_intent)
    standin.inbox.wait_for_type("charge.dispute.funds_withdrawn")
    httpx.post(url, data={"action": "withdraw"})
    assert standin.sdk.v1.disputes.retrieve(dispute.id).status == "won"
