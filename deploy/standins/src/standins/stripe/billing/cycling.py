"""What comes to a subscription by itself as time goes by: renewals, ends of trials, ends."""

from __future__ import annotations

from collections.abc import Callable

from standins.stripe.account import Change
from standins.stripe.billing import ending, pending_updates, phases
from standins.stripe.billing.collecting import collect, subscription_of
from standins.stripe.billing.discounts import after_use, in_force
from standins.stripe.billing.invoicing import DRAFT_S, draft, finalize, mark_uncollectible, void
from standins.stripe.billing.lines import period_lines
from standins.stripe.billing.periods import DAY_S, period_end
from standins.stripe.billing.subscription_document import period_of, recurring_of, with_period
from standins.stripe.resources.payment_intents import move
from standins.stripe.store import Document

UPDATED = "customer.subscription.updated"
INCOMPLETE_S = 23 * 3600
TRIAL_NOTICE_S = 3 * DAY_S
STEPS_MAX = 1_000

Step = Callable[[Change, Document], object]


def arrange(change: Change, subscription: Document) -> None:
    """Have the subscription tended when the next thing comes to it."""
    if step := _next_step(change, subscription):
        change.schedule_at("tend_subscription", subscription["id"], due_at=step[0])


def tend(change: Change, subscription_id: str) -> None:
    """Do the timer's action: everything that has come to the subscription by now, in its order."""
    for _ in range(STEPS_MAX):
        subscription = change.store.get("subscription", subscription_id)
        # A subscription that was put on a clock since then is tended by that one.
        if subscription is None or subscription["test_clock"] != change.clock:
            return
        step = _next_step(change, subscription)
        if step is None:
            return
        due_at, work = step
        if due_at > change.now:
            change.schedule_at("tend_subscription", subscription_id, due_at=due_at)
            return
        work(change, subscription)


def _next_step(change: Change, subscription: Document) -> tuple[int, Step] | None:
    """Return what comes to the subscription next, and when."""
    if subscription["status"] in ending.ENDED:
        return None
    if subscription["status"] == "incomplete":
        return subscription["created"] + INCOMPLETE_S, _expire
    steps: list[tuple[int, Step]] = []
    if subscription["cancel_at"] is not None:
        steps.append((subscription["cancel_at"], _cancel))
    if subscription["pending_update"]:
        steps.append((subscription["pending_update"]["expires_at"], pending_updates.expire))
    if (at := phases.next_at(change, subscription)) is not None:
        steps.append((at, phases.enter_next))
    pause = subscription["pause_collection"]
    if pause and pause["resumes_at"]:
        steps.append((pause["resumes_at"], _resume_collection))
    if subscription["status"] == "trialing" and not subscription.get("_trial_told"):
        steps.append((subscription["trial_end"] - TRIAL_NOTICE_S, _tell_trial))
    if subscription["status"] != "paused":
        steps.append((period_of(subscription)[1], renew))
    return min(steps, key=lambda step: step[0], default=None)


def _cancel(change: Change, subscription: Document) -> None:
    ending.end(change, subscription)


def _expire(change: Change, subscription: Document) -> None:
    invoice = change.store.get("invoice", subscription["latest_invoice"] or "")
    if invoice and invoice["status"] == "open":
        void(change, invoice)
    ending.expire(change, subscription)


def _resume_collection(change: Change, subscription: Document) -> None:
    change.update(subscription, UPDATED, pause_collection=None)


def _tell_trial(change: Change, subscription: Document) -> None:
    move(change, subscription, "customer.subscription.trial_will_end", _trial_told=True)


def renew(change: Change, subscription: Document) -> Document:
    """Begin the next period: its invoice is a draft for an hour and is charged after that."""
    if subscription["status"] == "trialing" and not _has_method(change, subscription):
        behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if behavior == "cancel":
            return ending.end(change, subscription, reason=None)
        if behavior == "pause":
            paused = change.update(subscription, UPDATED, status="paused")
            change.record("customer.subscription.paused", paused)
            return paused
    old_start, start = period_of(subscription)
    end = period_end(subscription["billing_cycle_anchor"], recurring_of(subscription), start)
    renewed = {**subscription, "items": with_period(subscription, (start, end))}
    lines = [*subscription["_pending_lines"], *period_lines(change, renewed)]
    discounts = in_force(change, subscription["discounts"], start)
    invoice = bill(
        change, renewed, lines, reason="subscription_cycle", discounts=discounts, period=(old_start, start)
    )
    status = "active" if subscription["status"] == "trialing" else subscription["status"]
    change.store.save({**subscription, "_pending_lines": []})
    told = change.update(
        {**subscription, "_pending_lines": []},
        UPDATED,
        discounts=after_use(change, discounts),
        items=renewed["items"],
        latest_invoice=invoice["id"],
        status=status,
    )
    if status == "unpaid":
        move(change, invoice, None, auto_advance=False)
    else:
        change.schedule_at("finalize_invoice", invoice["id"], due_at=start + DRAFT_S)
    return told


def bill(
    change: Change,
    subscription: Document,
    lines: list[Document],
    *,
    reason: str,
    discounts: list[str] | None = None,
    period: tuple[int, int] | None = None,
) -> Document:
    """Make out a draft for a subscription."""
    return draft(
        change,
        change.require("customer", subscription["customer"]),
        lines,
        reason=reason,
        currency=subscription["currency"],
        subscription=subscription,
        discounts=subscription["discounts"] if discounts is None else discounts,
        taxed=subscription["automatic_tax"]["enabled"],
        period=period,
    )


def finalize_due(change: Change, invoice_id: str) -> None:
    """Do the timer's action: open a renewal's draft and charge it, unless its collection is paused."""
    invoice = change.store.get("invoice", invoice_id)
    if invoice is None or invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    subscription = subscription_of(change, invoice)
    if subscription is None:
        return
    pause = subscription["pause_collection"]
    if pause and pause["behavior"] == "keep_as_draft":
        move(change, invoice, "invoice.updated", auto_advance=False)
        return
    opened = finalize(change, invoice, address=subscription["_address"])
    if not pause:
        collect(change, opened)
    elif pause["behavior"] == "void":
        void(change, opened)
    else:
        mark_uncollectible(change, opened)


def _has_method(change: Change, subscription: Document) -> bool:
    customer = change.require("customer", subscription["customer"])
    default = customer["invoice_settings"]["default_payment_method"]
    return bool(subscription["default_payment_method"] or default)
