"""The invoice that would come: after a change, or with the next period. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from standins.stripe.account import Change
from standins.stripe.billing.changing import Manner, difference
from standins.stripe.billing.cycling import bill
from standins.stripe.billing.discounts import in_force
from standins.stripe.billing.lines import period_lines
from standins.stripe.billing.periods import period_end
from standins.stripe.billing.subscription_document import items_of, period_of, recurring_of, with_period
from standins.stripe.ids import new_id
from standins.stripe.store import Document


def preview(change: Change, subscription: Document, items: list[Document], manner: Manner) -> Document:
    """Return the next invoice of a subscription, if it were on these items from now on."""
    unchanged = items == items_of(subscription)
    found = None if unchanged else difference(change, subscription, items, manner)
    with _undone(change):
        if found and found.billed_now:
            lines = [*subscription["_pending_lines"], *found.lines]
            invoice = bill(change, found.changed, lines, reason="subscription_update")
        else:
            changed = found.changed if found else subscription
            lines = [*subscription["_pending_lines"], *(found.lines if found else [])]
            invoice = _next_period(change, changed, lines)
        return {**invoice, "id": new_id("upcoming_in"), "billing_reason": "upcoming", "auto_advance": None}


def _next_period(change: Change, subscription: Document, lines: list[Document]) -> Document:
    old_start, start = period_of(subscription)
    end = period_end(subscription["billing_cycle_anchor"], recurring_of(subscription), start)
    renewed = {**subscription, "items": with_period(subscription, (start, end))}
    return bill(
        change,
        renewed,
        [*lines, *period_lines(change, renewed)],
        reason="subscription_cycle",
        discounts=in_force(change, subscription["discounts"], start),
        period=(old_start, start),
    )


@contextmanager
def _undone(change: Change) -> Iterator[None]:
    """Take back everything that the block stores, events and webhooks too."""
    change.store.sql.execute("SAVEPOINT preview")
    try:
        yield
    finally:
        change.store.sql.execute("ROLLBACK TO preview")
        change.store.sql.execute("RELEASE preview")
