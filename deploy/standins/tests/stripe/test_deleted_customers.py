"""Customers who are deleted, and cards that change without them: what pages answer and events say."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import StandIn


@pytest.mark.parametrize("mode", ["payment", "subscription"])
@pytest.mark.parametrize("action", ["pay", "decline", "bank_debit"])
def test_a_page_whose_customer_was_deleted_takes_no_money(standin: StandIn, mode: str, action: str) -> None:
    """It says why, stays a page, and nothing is charged."""
    customer = standin.sdk.v1.customers.create({"email": "ada@example.com"})
    more: dict[str, Any] = {"customer": customer.id, "mode": mode}
    if mode == "subscription":
        price = standin.sdk.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 2900,
                "recurring": {"interval": "month"},
                "product_data": {"name": "Pro"},
            }
        )
        more["line_items"] = [{"price": price.id, "quantity": 1}]
    session = standin.session(**more)
    standin.sdk.v1.customers.delete(customer.id)
    assert httpx.get(session.url or "").status_code == 200
    answer = standin.submit(session, action)
    assert answer.status_code == 400
    assert "deleted" in answer.text or "not available" in answer.text
    seen = standin.sdk.v1.checkout.sessions.retrieve(session.id)
    assert (seen.status, seen.payment_status) == ("open", "unpaid")
    assert standin.sdk.v1.charges.list().data == []
    assert standin.sdk.v1.subscriptions.list({"status": "all"}).data == []


def test_a_debit_arrives_after_its_customer_was_deleted(standin: StandIn) -> None:
    """The money is on its way, whoever is gone meanwhile."""
    customer = standin.sdk.v1.customers.create({"email": "ada@example.com"})
    session = standin.session(customer=customer.id, payment_method_types=["card", "us_bank_account"])
    assert standin.submit(session, "bank_debit").status_code == 303
    standin.sdk.v1.customers.delete(customer.id)
    standin.inbox.wait_for_type("checkout.session.async_payment_succeeded")
    assert standin.sdk.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_deleted_customer_is_told_with_what_ended(standin: StandIn) -> None:
    """The subscription's end, then the customer as they were; afterwards there is a stub of them."""
    customer = standin.sdk.v1.customers.create({"email": "ada@example.com"})
    standin.sdk.v1.customers.delete(customer.id)
    (event,) = standin.inbox.wait_for_type("customer.deleted")
    gone = event.data.object
    assert (gone["id"], gone["object"], gone["email"]) == (customer.id, "customer", "ada@example.com")
    assert standin.sdk.v1.customers.retrieve(customer.id).deleted is True


def test_a_card_that_its_bank_renewed_is_told(standin: StandIn) -> None:
    """Under the same id, with what it was before; whose it is stays."""
    customer = standin.sdk.v1.customers.create({"email": "ada@example.com"})
    method = standin.sdk.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    standin.control("POST", f"customers/{customer.id}/card/renewed")
    (event,) = standin.inbox.wait_for_type("payment_method.automatically_updated")
    renewed, before = event.data.object, event.data["previous_attributes"]
    assert (renewed["id"], renewed["customer"], renewed["card"]["last4"]) == (method.id, customer.id, "9999")
    assert before["card"]["last4"] == "4242"
    assert standin.sdk.v1.payment_methods.retrieve(method.id).card.last4 == "9999"  # type: ignore[union-attr]
    standin.sdk.v1.payment_methods.detach(method.id)
    (event,) = standin.inbox.wait_for_type("payment_method.detached")
    assert event.data.object["customer"] is None
    assert event.data["previous_attributes"]["customer"] == customer.id
