"""Disputes: opened by a cardholder on the page, answered through the API."""

from __future__ import annotations

import httpx
import pytest
import stripe

from .conftest import StandIn


def _disputed(standin: StandIn, action: str = "dispute") -> stripe.Dispute:
    session = standin.session()
    standin.submit(session, "pay")
    assert standin.submit(session, action).status_code == 200
    (dispute,) = standin.sdk.v1.disputes.list().data
    return dispute


def _answer(standin: StandIn, dispute: stripe.Dispute, evidence: str) -> stripe.Dispute:
    return standin.sdk.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})


def test_a_dispute_withdraws_the_money(standin: StandIn) -> None:
    """The charge is disputed, the money is withdrawn, and a refund is refused meanwhile."""
    dispute = _disputed(standin)
    assert (dispute.status, dispute.amount, dispute.reason) == ("needs_response", 1000, "fraudulent")
    (taken,) = dispute.balance_transactions
    assert (taken.amount, taken.net) == (-1000, -2500)
    charge = standin.sdk.v1.charges.retrieve(str(dispute.charge))
    assert charge.disputed
    with pytest.raises(stripe.InvalidRequestError) as refused:
        standin.sdk.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_disputed"
    assert standin.sdk.v1.refunds.list().data == []
    for kind in ("created", "funds_withdrawn"):
        (told,) = standin.inbox.wait_for_type(f"charge.dispute.{kind}")
        assert told.data.object["id"] == dispute.id


@pytest.mark.parametrize(("evidence", "verdict"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_the_bank_decides_by_the_evidence(standin: StandIn, evidence: str, verdict: str) -> None:
    """Submitted evidence is under review, then the dispute is closed; won money comes back."""
    answered = _answer(standin, _disputed(standin), evidence)
    assert (answered.status, answered.evidence_details.submission_count) == ("under_review", 1)
    (closed,) = standin.inbox.wait_for_type("charge.dispute.closed")
    assert closed.data.object["status"] == verdict
    dispute = standin.sdk.v1.disputes.retrieve(answered.id, {"expand": ["charge"]})
    assert sum(one.amount for one in dispute.balance_transactions) == (0 if verdict == "won" else -1000)
    if verdict == "won":
        standin.inbox.wait_for_type("charge.dispute.funds_reinstated")


def test_an_inquiry_moves_no_money_until_it_escalates(standin: StandIn) -> None:
    """Asked first, withdrawn later."""
    inquiry = _disputed(standin, "inquiry")
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert _answer(standin, inquiry, "escalate_inquiry_evidence").status == "warning_under_review"
    standin.inbox.wait_for_type("charge.dispute.funds_withdrawn")
    assert standin.sdk.v1.disputes.retrieve(inquiry.id).status == "needs_response"


def test_an_inquiry_may_end_without_money_moved(standin: StandIn) -> None:
    """Closed as a warning; the charge may be refunded."""
    inquiry = _disputed(standin, "inquiry")
    assert standin.sdk.v1.disputes.close(inquiry.id).status == "warning_closed"
    assert standin.sdk.v1.refunds.create({"charge": str(inquiry.charge)}).status == "succeeded"


def test_giving_in_is_final_until_the_cardholder_withdraws(standin: StandIn) -> None:
    """A closed dispute is lost and takes no evidence; a withdrawal gives the money back all the same."""
    dispute = _disputed(standin)
    assert standin.sdk.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        _answer(standin, dispute, "winning_evidence")
    assert standin.sdk.v1.disputes.retrieve(dispute.id).status == "lost"
    (session,) = standin.sdk.v1.checkout.sessions.list().data
    assert "Withdraw the dispute" in httpx.get(f"{standin.url}/c/pay/{session.id}").text
    standin.submit(session, "withdraw")
    assert standin.sdk.v1.disputes.retrieve(dispute.id).status == "won"


def test_staged_evidence_is_not_sent(standin: StandIn) -> None:
    """Evidence that is not submitted changes no status; an unknown field of it is refused."""
    dispute = _disputed(standin)
    sdk = standin.sdk.v1.disputes
    staged = sdk.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (staged.status, staged.evidence.customer_name) == ("needs_response", "Ada")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.update(dispute.id, {"evidence": {"colour": "red"}})  # type: ignore[typeddict-unknown-key]
    assert refused.value.param == "evidence[colour]"
    assert sdk.retrieve(dispute.id).evidence_details.submission_count == 0
    assert sdk.update(dispute.id, {"submit": True}).status == "under_review"


def test_a_payment_is_disputed_once(standin: StandIn) -> None:
    """A second dispute, and one of a refunded payment, are refused on the page and open nothing."""
    _disputed(standin)
    (session,) = standin.sdk.v1.checkout.sessions.list().data
    assert standin.submit(session, "dispute").status_code == 409
    refunded = standin.session()
    standin.submit(refunded, "pay")
    intent = standin.sdk.v1.checkout.sessions.retrieve(refunded.id).payment_intent
    standin.sdk.v1.refunds.create({"payment_intent": str(intent)})
    assert standin.submit(refunded, "dispute").status_code == 409
    assert len(standin.sdk.v1.disputes.list().data) == 1


def test_disputes_are_listed_by_time_and_page_by_page(standin: StandIn) -> None:
    """`created[gte]`, `starting_after` and `limit`, payments expanded; the SDK pages by itself."""
    for _ in range(3):
        session = standin.session()
        standin.submit(session, "pay")
        standin.submit(session, "dispute")
    listed = standin.sdk.v1.disputes.list({"limit": 2, "expand": ["data.payment_intent"]})
    assert (len(listed.data), listed.has_more) == (2, True)
    assert all(not isinstance(one.payment_intent, str) for one in listed.data)
    (last,) = standin.sdk.v1.disputes.list({"limit": 2, "starting_after": listed.data[-1].id}).data
    created = last.created
    every = standin.sdk.v1.disputes.list({"created": {"gte": created}, "limit": 1})
    assert [one.id for one in every.auto_paging_iter()] == [*(one.id for one in listed.data), last.id]
    assert standin.sdk.v1.disputes.list({"created": {"gte": created + 60}}).data == []
