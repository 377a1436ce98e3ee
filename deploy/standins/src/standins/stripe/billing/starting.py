"""How a subscription begins: its first period, its first invoice."""

from __future__ import annotations

from dataclasses import dataclass, field

from standins.stripe.account import Change
from standins.stripe.billing import cycling
from standins.stripe.billing.discounts import after_use, new_discounts
from standins.stripe.billing.invoice_document import automatic_tax
from standins.stripe.billing.invoicing import draft, finalize
from standins.stripe.billing.lines import once_line, period_lines
from standins.stripe.billing.periods import period_end
from standins.stripe.billing.subscription_document import (
    blank_subscription,
    items_list,
    new_item,
)
from standins.stripe.resources.payment_intents import move
from standins.stripe.store import Document


@dataclass(frozen=True)
class Terms:
    """What a subscription is begun with; `prices` are of the same currency and interval."""

    customer: Document
    prices: list[tuple[Document, int]]
    address: str
    once: list[tuple[Document, int]] = field(default_factory=list)
    trial_end: int | None = None
    anchor: int | None = None
    discounts: list[Document] = field(default_factory=list)
    taxed: bool = False
    labels: Document = field(default_factory=dict)
    """Fields of the subscription that are taken over as they are."""


def begin(change: Change, terms: Terms) -> Document:
    """Store a subscription, incomplete or trialing, without an event: the caller says when it is told."""
    blank = blank_subscription(change, terms.customer, address=terms.address)
    recurring = terms.prices[0][0]["recurring"]
    trial = terms.trial_end
    anchor = trial or terms.anchor or change.now
    end = trial or period_end(anchor, recurring, change.now)
    items = [
        new_item(change, blank["id"], price, quantity=quantity, period=(change.now, end))
        for price, quantity in terms.prices
    ]
    discounts = new_discounts(
        change, terms.discounts, customer=terms.customer["id"], subscription=blank["id"]
    )
    subscription = {
        **blank,
        **terms.labels,
        "automatic_tax": automatic_tax(enabled=terms.taxed),
        "billing_cycle_anchor": anchor,
        "currency": terms.prices[0][0]["currency"],
        "discounts": discounts,
        "items": items_list(blank["id"], items),
        "status": "trialing" if trial else "incomplete",
        "trial_end": trial,
        "trial_start": change.now if trial else None,
    }
    if subscription["cancel_at_period_end"]:
        subscription |= {"cancel_at": end, "canceled_at": change.now}
    change.store.save(subscription)
    cycling.arrange(change, subscription)
    return subscription


def first_invoice(
    change: Change, subscription: Document, terms: Terms, *, pays_by_balance: bool = True
) -> tuple[Document, Document]:
    """Make out and open the first invoice; returns the subscription and the invoice."""
    trialing = subscription["status"] == "trialing"
    lines = period_lines(change, subscription, free=trialing)
    lines += [once_line(change, price, quantity, subscription) for price, quantity in terms.once]
    invoice = draft(
        change,
        change.require("customer", subscription["customer"]),
        lines,
        reason="subscription_create",
        currency=subscription["currency"],
        subscription=subscription,
        discounts=subscription["discounts"],
        taxed=terms.taxed,
        period=(change.now, change.now),
        pays_by_balance=pays_by_balance,
    )
    invoice = finalize(change, invoice, address=terms.address)
    left = subscription["discounts"] if trialing else after_use(change, subscription["discounts"])
    told = move(change, subscription, None, latest_invoice=invoice["id"], discounts=left)
    return told, invoice
