"""Refunds and their events."""

from __future__ import annotations

import pytest
import stripe

from .conftest import StandIn


def _paid_intent(standin: StandIn, action: str = "pay") -> str:
    session = standin.session()
    standin.submit(session, action)
    intent = standin.sdk.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert isinstance(intent, str)
    return intent


def test_partial_then_full_refund(standin: StandIn) -> None:
    """Two refunds add up on the charge, and each tells what happened."""
    intent = _paid_intent(standin)
    sdk = standin.sdk.v1
    first = sdk.refunds.create({"payment_intent": intent, "amount": 400, "reason": "requested_by_customer"})
    (charge,) = sdk.charges.list({"payment_intent": intent}).data
    assert (first.status, first.amount, charge.amount_refunded, charge.refunded) == (
        "succeeded",
        400,
        400,
        False,
    )
    second = sdk.refunds.create({"charge": charge.id})
    charge = sdk.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (second.amount, charge.amount_refunded, charge.refunded) == (600, 1000, True)
    assert charge.refunds is not None
    assert [refund.id for refund in charge.refunds.data] == [second.id, first.id]
    refunded = standin.inbox.wait_for_type("charge.refunded", count=2)
    assert sorted(event.data.object["amount_refunded"] for event in refunded) == [400, 1000]
    standin.inbox.wait_for_type("refund.created", count=2)
    standin.inbox.wait_for_type("refund.updated", count=2)


def test_no_more_than_was_paid(standin: StandIn) -> None:
    """Too much, or once more, is refused and the charge stays as it was."""
    intent = _paid_intent(standin)
    sdk = standin.sdk.v1
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        sdk.refunds.create({"payment_intent": intent, "amount": 1001})
    assert sdk.refunds.list().data == []
    sdk.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_already_refunded"
    assert len(sdk.refunds.list({"payment_intent": intent}).data) == 1


def test_unpaid_intent_cannot_be_refunded(standin: StandIn) -> None:
    """A declined payment has nothing to give back."""
    standin.submit(standin.session(), "decline")
    (intent,) = standin.sdk.v1.payment_intents.list().data
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        standin.sdk.v1.refunds.create({"payment_intent": intent.id})
    assert standin.sdk.v1.refunds.list().data == []


def test_a_refund_may_fail_after_it_succeeded(standin: StandIn) -> None:
    """The buyer's bank sends the money back: the refund failed, and the charge can be refunded again."""
    intent = _paid_intent(standin, "pay_refund_fails")
    assert standin.sdk.v1.refunds.create({"payment_intent": intent}).status == "succeeded"
    (failed,) = standin.inbox.wait_for_type("refund.failed")
    assert failed.data.object["status"] == "failed"
    (refund,) = standin.sdk.v1.refunds.list({"payment_intent": intent}).data
    (charge,) = standin.sdk.v1.charges.list({"payment_intent": intent}).data
    assert (refund.status, charge.amount_refunded, charge.refunded) == ("failed", 0, False)


def test_a_refund_may_take_time(standin: StandIn) -> None:
    """It is pending first and succeeds later."""
    intent = _paid_intent(standin, "pay_refund_pending")
    assert standin.sdk.v1.refunds.create({"payment_intent": intent}).status == "pending"
    standin.inbox.wait_for(
        lambda: any(
            event.type == "refund.updated" and event.data.object["status"] == "succeeded"
            for event in standin.inbox.events
        )
    )


def test_refunds_are_listed_by_time_and_page_by_page(standin: StandIn) -> None:
    """`created[gte]`, `starting_after` and `limit`, payments expanded; the SDK pages by itself."""
    intent = _paid_intent(standin)
    made = [standin.sdk.v1.refunds.create({"payment_intent": intent, "amount": 10}).id for _ in range(5)]
    first = standin.sdk.v1.refunds.list({"limit": 2, "expand": ["data.payment_intent"]})
    assert ([one.id for one in first.data], first.has_more) == (made[:2:-1], True)
    assert all(not isinstance(one.payment_intent, str) for one in first.data)
    last = standin.sdk.v1.refunds.list({"limit": 2, "starting_after": made[1]})
    assert ([one.id for one in last.data], last.has_more) == (made[:1], False)
    created = first.data[0].created
    every = standin.sdk.v1.refunds.list({"created": {"gte": created - 60}, "limit": 2})
    assert [one.id for one in every.auto_paging_iter()] == made[::-1]
    assert standin.sdk.v1.refunds.list({"created": {"gte": created + 60}}).data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        standin.sdk.v1.refunds.list({"starting_after": "re_none"})
    assert refused.value.code == "resource_missing"
