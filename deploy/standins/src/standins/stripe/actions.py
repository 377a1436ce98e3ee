"""Every action that a timer can name."""

from __future__ import annotations

from standins.stripe import charging, clocks, disputes, payments
from standins.stripe.account import Change
from standins.stripe.billing import collecting, cycling
from standins.stripe.resources import checkout_sessions, refunds
from standins.stripe.timers import Action


def actions() -> dict[str, Action]:
    """Return the actions by their names."""
    table: dict[str, Action] = {
        "expire_session": checkout_sessions.expire_when_due,
        "settle_bank_debit": payments.settle_bank_debit,
        "fail_bank_debit": payments.fail_bank_debit,
        "settle_refund": refunds.settle_refund,
        "fail_refund": refunds.fail_refund,
        "decide_dispute": disputes.decide,
        "open_dispute": charging.dispute_charge,
        "open_inquiry": charging.inquire_charge,
        "tend_subscription": cycling.tend,
        "finalize_invoice": cycling.finalize_due,
        "retry_invoice": collecting.retry,
    }

    def advance_clock(change: Change, clock_id: str) -> None:
        clocks.arrive(change, clock_id, table)

    return {**table, "advance_clock": advance_clock}
