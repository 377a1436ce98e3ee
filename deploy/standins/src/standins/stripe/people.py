"""What a person, or a test, does to a customer from outside: another card, another time."""

from __future__ import annotations

from standins.stripe import clocks
from standins.stripe.account import TEST_CLOCK, Change
from standins.stripe.billing import cycling
from standins.stripe.billing.ending import ENDED
from standins.stripe.store import Document

KINDS = ("subscription", "subscription_schedule", "invoice")
ACTIONS = ("tend_subscription", "finalize_invoice", "retry_invoice")


def put_on_clock(change: Change, customer: Document) -> Document:
    """Return the customer's test clock; one that has none gets one that stands at the present.

    Stripe can't do that: there a customer is on a clock from the start or never.
    """
    if customer["test_clock"]:
        return change.require(TEST_CLOCK, customer["test_clock"])
    clock = clocks.new_clock(change, frozen_time=change.now, name=customer["email"])
    change.store.save({**customer, "test_clock": clock["id"]})
    for kind in KINDS:
        for owned in change.store.find(kind, customer=customer["id"]):
            change.store.save({**owned, "test_clock": clock["id"]})
            _move_timers(change, owned["id"], clock["id"])
    for subscription in change.store.find("subscription", customer=customer["id"]):
        if subscription["status"] not in ENDED:
            cycling.arrange(change.on_clock(clock), subscription)
    return clock


def _move_timers(change: Change, subject: str, clock_id: str) -> None:
    marks = ", ".join("?" * len(ACTIONS))
    change.store.sql.execute(
        f"UPDATE timers SET clock = ? WHERE clock IS NULL AND subject = ? AND action IN ({marks})",  # noqa: S608  marks only
        (clock_id, subject, *ACTIONS),
    )


def advance(change: Change, customer: Document, *, to: int) -> Document:
    """Have the customer's clock go to a moment, which takes a little; returns the clock on its way."""
    return clocks.begin(change, put_on_clock(change, customer), to)
