"""A plan's money end to end: paid, changed, sent back; ledger, billing and Stripe agree after each."""

import pytest
from customer import WELCOME, Customer, until
from test_money_back import verify
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PRO, BUSINESS = 3000, 6000


def test_a_plans_payments_are_granted_and_taken_back(customer: Customer, stack: StackState) -> None:
    """The month's credits, the difference of an upgrade, and what is left when the first one went back."""
    customer.press(customer.open_plan_checkout("pro"), "pay")
    customer.wait_for(available=WELCOME + PRO)
    changed = customer.change_plan("business")
    assert (changed["plan_id"], changed["price_minor"]) == ("business", 5900)
    # Within minutes of its beginning the rest of the month is all of it, rounded up.
    customer.wait_for(available=WELCOME + BUSINESS)
    verify(stack)

    raised, first = customer.api.get("/v1/purchases").json()["data"]
    assert [(paid["pack"], paid["credits"]) for paid in (first, raised)] == [
        ("pro", PRO),
        ("business", BUSINESS - PRO),
    ]
    customer.stripe.refunds.create({"payment_intent": first["payment_id"]})
    customer.wait_for(available=WELCOME + BUSINESS - PRO)
    invoices = customer.api.get("/v1/invoices").json()["data"]
    assert [(invoice["status"], bool(invoice["pdf_url"])) for invoice in invoices] == [("paid", True)] * 2
    verify(stack)


def test_a_plan_without_any_webhook_is_there_too(customer: Customer, stack: StackState) -> None:
    """Whoever comes back from the page is told the truth, and verify finds nothing missing."""
    with customer.no_webhooks():
        customer.press(customer.open_plan_checkout("pro", interval="year"), "pay")
        customer.wait_for(available=WELCOME + PRO)
        mine = customer.api.get("/v1/subscription").json()
        assert (mine["plan_id"], mine["interval"], mine["status"]) == ("pro", "year", "active")
        assert mine["next_allocation_at"] < mine["paid_period_end"]
        until(lambda: bool(verify(stack)), "books that agree")
