"""What happens when a cardholder disputes a charge: each function is one step between the two banks."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.dispute_document import balance_transaction, blank_dispute
from standins.stripe.errors import StripeError, invalid
from standins.stripe.store import Document

INQUIRY = "warning_"
CLOSED = {"won", "lost", "warning_closed"}
WITHDRAWN = {"needs_response", "under_review", "lost"}

WON, LOST, ESCALATED = "winning_evidence", "losing_evidence", "escalate_inquiry_evidence"
"""What evidence says in test mode to be decided: Stripe's own words (docs.stripe.com/testing#disputes)."""


def money_is_withdrawn(change: Change, charge: Document) -> bool:
    """Whether a bank holds the charge's money, or kept it."""
    return any(one["status"] in WITHDRAWN for one in change.store.find("dispute", charge=charge["id"]))


def open_dispute(change: Change, charge: Document, *, reason: str, inquiry: bool) -> Document:
    """Have the bank take what is left of the charge back, or, in an inquiry, only ask."""
    left = charge["amount"] - charge["amount_refunded"]
    if charge["status"] != "succeeded" or charge["disputed"] or left == 0:
        raise invalid(f"This charge ({charge['id']}) has nothing left that can be disputed.")
    dispute = blank_dispute(charge, amount=left, reason=reason, now=change.now)
    change.update(charge, "charge.updated", disputed=True)
    if inquiry:
        return change.add({**dispute, "status": "warning_needs_response"}, "charge.dispute.created")
    taken = balance_transaction(dispute, -left, now=change.now)
    opened = change.add({**dispute, "balance_transactions": [taken]}, "charge.dispute.created")
    change.record("charge.dispute.funds_withdrawn", opened)
    return opened


def submit(change: Change, dispute: Document) -> Document:
    """Send the evidence to the bank; what it decides comes later."""
    inquiry = dispute["status"].startswith(INQUIRY)
    details = {**dispute["evidence_details"], "has_evidence": True}
    details["submission_count"] += 1
    status = f"{INQUIRY if inquiry else ''}under_review"
    change.schedule("decide_dispute", dispute["id"], delay_s=change.account.settings.async_payment_delay_s)
    return change.update(dispute, "charge.dispute.updated", status=status, evidence_details=details)


def decide(change: Change, dispute_id: str) -> None:
    """Do the timer's action: the bank reads the evidence; other words than the special ones leave it open."""
    dispute = change.require("dispute", dispute_id)
    inquiry = dispute["status"].startswith(INQUIRY)
    evidence = dispute["evidence"]["uncategorized_text"]
    if dispute["status"] in CLOSED or evidence not in (WON, LOST, ESCALATED):
        return
    if inquiry and evidence == ESCALATED:
        escalate(change, dispute)
    elif inquiry:
        close_inquiry(change, dispute)
    elif evidence == WON:
        win(change, dispute)
    elif evidence == LOST:
        lose(change, dispute)


def win(change: Change, dispute: Document) -> Document:
    """Have the bank give the money back: by its decision, or because the cardholder withdrew, even later."""
    returned = balance_transaction(dispute, dispute["amount"], now=change.now)
    moved = [*dispute["balance_transactions"], returned]
    won = change.update(dispute, "charge.dispute.closed", status="won", balance_transactions=moved)
    change.record("charge.dispute.funds_reinstated", won)
    return won


def lose(change: Change, dispute: Document) -> Document:
    """Have the bank keep the money."""
    return change.update(dispute, "charge.dispute.closed", status="lost")


def close_inquiry(change: Change, dispute: Document) -> Document:
    """Have the bank ask no further; no money ever moved."""
    return change.update(dispute, "charge.dispute.closed", status="warning_closed")


def escalate(change: Change, dispute: Document) -> Document:
    """Turn the inquiry into a dispute: now the money is taken."""
    taken = balance_transaction(dispute, -dispute["amount"], now=change.now)
    values = {"status": "needs_response", "balance_transactions": [taken]}
    escalated = change.update(dispute, "charge.dispute.updated", **values)
    change.record("charge.dispute.funds_withdrawn", escalated)
    return escalated


def require_open(dispute: Document) -> None:
    """Refuse what can no longer change."""
    if dispute["status"] in CLOSED:
        raise StripeError(f"This dispute ({dispute['id']}) is already closed.", code="dispute_closed")
