"""What a cardholder asks their bank for after a payment."""

from __future__ import annotations

from standins.stripe import disputes
from standins.stripe.account import Change
from standins.stripe.errors import StripeError
from standins.stripe.store import Document

ACTIONS = ("dispute", "inquiry", "withdraw")


def dispute_of(change: Change, intent_id: str | None) -> Document | None:
    """Return the last dispute of a payment."""
    found = change.store.find("dispute", payment_intent=intent_id) if intent_id else []
    return found[-1] if found else None


def perform(change: Change, intent_id: str, action: str) -> str | None:
    """Carry out what the cardholder asks their bank for; returns the bank's refusal, if any."""
    dispute = dispute_of(change, intent_id)
    try:
        if action == "withdraw":
            if dispute is None or dispute["status"] not in disputes.WITHDRAWN:
                return "There is no dispute to withdraw."
            disputes.win(change, dispute)
        else:
            intent = change.require("payment_intent", intent_id)
            charge = change.require("charge", intent["latest_charge"])
            disputes.open_dispute(change, charge, reason="fraudulent", inquiry=action == "inquiry")
    except StripeError as refused:
        return str(refused)
    return None
