"""Changes to a running subscription: another price, another quantity, a trial that ends or begins."""

from __future__ import annotations

from dataclasses import dataclass

from standins.stripe.account import Change
from standins.stripe.billing import pending_updates
from standins.stripe.billing.collecting import collect, method_for
from standins.stripe.billing.cycling import bill
from standins.stripe.billing.invoicing import finalize, intent_of
from standins.stripe.billing.lines import period_lines, proration_lines
from standins.stripe.billing.periods import period_end
from standins.stripe.billing.subscription_document import items_list, items_of, period_of, with_period
from standins.stripe.charging import refused
from standins.stripe.errors import StripeError, invalid
from standins.stripe.store import Document

UPDATED = "customer.subscription.updated"


@dataclass(frozen=True)
class Manner:
    """How a change is billed."""

    proration: str = "create_prorations"
    """`always_invoice`: at once; `create_prorations`: with the next invoice; `none`: not at all."""
    payment: str = "allow_incomplete"
    """`error_if_incomplete`: what can't be paid doesn't happen; `pending_if_incomplete`: it waits."""
    at: int | None = None
    """From when on the rest of the period counts."""


@dataclass(frozen=True)
class Difference:
    """What a change of items makes of a subscription, and what it costs for the rest of the period."""

    changed: Document
    values: Document
    lines: list[Document]
    billed_now: bool


def difference(
    change: Change, subscription: Document, items: list[Document], manner: Manner, *, restart: bool = False
) -> Difference:
    """Work out a change to other items; nothing is stored. Another interval restarts the period."""
    old = items_of(subscription)
    at = manner.at or change.now
    start, end = period_of(subscription)
    if not start <= at <= end:
        raise invalid("The proration date must lie in the current period.", "proration_date")
    recurring = items[0]["price"]["recurring"]
    trialing = subscription["status"] == "trialing"
    prorates = manner.proration != "none" and not trialing
    restart = (restart or recurring != old[0]["price"]["recurring"]) and not trialing
    gone = old if restart else [item for item in old if item not in items]
    lines: list[Document] = []
    if prorates:
        lines += proration_lines(change, subscription, gone, at=at, credit=True)
    changed = {**subscription, "items": items_list(subscription["id"], items)}
    values: Document = {}
    if restart:
        period = (change.now, period_end(change.now, recurring, change.now))
        changed |= {"items": with_period(changed, period), "billing_cycle_anchor": change.now}
        values |= {"billing_cycle_anchor": change.now, **_ending_at(subscription, period[1])}
        lines += period_lines(change, changed)
    elif prorates:
        new = [item for item in items if item not in old]
        lines += proration_lines(change, changed, new, at=at, credit=False)
    values["items"] = changed["items"]
    billed_now = bool(lines) and (restart or manner.proration == "always_invoice")
    return Difference(changed, values, lines, billed_now)


def change_items(
    change: Change, subscription: Document, items: list[Document], manner: Manner, *, restart: bool = False
) -> Document:
    """Put the subscription on other items and bill the difference."""
    found = difference(change, subscription, items, manner, restart=restart)
    if subscription["pending_update"]:
        subscription = pending_updates.expire(change, subscription)
    if found.billed_now and manner.payment == "pending_if_incomplete":
        return _bill_first(change, subscription, found)
    if found.lines and not found.billed_now:
        pending = [*subscription["_pending_lines"], *found.lines]
        subscription = {**subscription, "_pending_lines": pending}
        change.store.save(subscription)
    updated = change.update(subscription, UPDATED, **found.values)
    return bill_now(change, updated, found.lines, manner) if found.billed_now else updated


def _bill_first(change: Change, subscription: Document, found: Difference) -> Document:
    """Charge a change before it happens; unpaid, it waits for the money."""
    lines = [*subscription["_pending_lines"], *found.lines]
    invoice = bill(change, found.changed, lines, reason="subscription_update")
    invoice = finalize(change, invoice, address=subscription["_address"])
    change.store.save(pending_updates.waiting(change, subscription, invoice, found.values))
    invoice = collect(change, invoice)
    told = change.require("subscription", subscription["id"])
    if invoice["status"] != "paid":
        change.record(UPDATED, told, previous={"pending_update": None})
    return told


def bill_now(
    change: Change, subscription: Document, lines: list[Document], manner: Manner = Manner()
) -> Document:
    """Make out an invoice for a change, and charge it; returns the subscription as it stands then."""
    lines = [*subscription["_pending_lines"], *lines]
    invoice = bill(change, subscription, lines, reason="subscription_update")
    invoice = finalize(change, invoice, address=subscription["_address"])
    told = {**subscription, "latest_invoice": invoice["id"], "_pending_lines": []}
    change.store.save(told)
    invoice = collect(change, invoice)
    if invoice["status"] != "paid" and manner.payment == "error_if_incomplete":
        raise _unpaid(change, invoice)
    return change.require("subscription", subscription["id"])


def _unpaid(change: Change, invoice: Document) -> StripeError:
    """Return the 402 with which everything is taken back."""
    if method_for(change, invoice) is None:
        message = (
            "This customer has no attached payment source or default payment method. Please consider adding "
            "a default payment method."
        )
        return StripeError(message, code="resource_missing")
    intent = intent_of(change, invoice)
    if intent["last_payment_error"] is None:
        message = "Payment for this subscription requires additional user action before it can be completed."
        return StripeError(
            message, status=402, kind="card_error", code="subscription_payment_intent_requires_action"
        )
    error = refused(intent)
    error.kept = False
    return error


def _ending_at(subscription: Document, period_ends_at: int) -> Document:
    """Return what another end of the period does to a subscription that ends with it."""
    return {"cancel_at": period_ends_at} if subscription["cancel_at_period_end"] else {}


def end_trial(change: Change, subscription: Document) -> Document:
    """End a trial now: a period that is paid for begins."""
    recurring = items_of(subscription)[0]["price"]["recurring"]
    period = (change.now, period_end(change.now, recurring, change.now))
    active = change.update(
        subscription,
        UPDATED,
        billing_cycle_anchor=change.now,
        items=with_period(subscription, period),
        status="active",
        **_ending_at(subscription, period[1]),
        trial_end=change.now,
    )
    return bill_now(change, active, period_lines(change, active))


def try_until(change: Change, subscription: Document, moment: int) -> Document:
    """Let the subscription be free until then; what comes after counts from there."""
    if moment <= change.now:
        raise invalid("The subscription trial end must be in the future.", "trial_end")
    start, _ = period_of(subscription)
    trialing = subscription["status"] == "trialing"
    return change.update(
        {**subscription, "_trial_told": False},
        UPDATED,
        billing_cycle_anchor=moment,
        items=with_period(subscription, (start if trialing else change.now, moment)),
        status="trialing",
        trial_end=moment,
        trial_start=subscription["trial_start"] if trialing else change.now,
        **_ending_at(subscription, moment),
    )


def resume(change: Change, subscription: Document) -> Document:
    """Begin a new period of a paused subscription, now."""
    recurring = items_of(subscription)[0]["price"]["recurring"]
    period = (change.now, period_end(change.now, recurring, change.now))
    active = change.update(
        subscription,
        UPDATED,
        billing_cycle_anchor=change.now,
        items=with_period(subscription, period),
        status="active",
        **_ending_at(subscription, period[1]),
    )
    change.record("customer.subscription.resumed", active)
    return bill_now(change, active, period_lines(change, active))
