"""Making out an invoice, and making it final."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.amounts import TAX, taken_off, tax_on, tax_percent
from standins.stripe.billing.discounts import coupon_behind
from standins.stripe.billing.invoice_document import (
    automatic_tax,
    blank_invoice,
    lines_of,
    new_invoice_payment,
)
from standins.stripe.resources.payment_intents import move, new_intent
from standins.stripe.store import Document

DRAFT_S = 3600
"""How long a renewal's invoice can still be changed: docs.stripe.com/billing/subscriptions/webhooks."""

TAX_RATE = f"txr_standin_{TAX}"


def draft(
    change: Change,
    customer: Document,
    lines: list[Document],
    *,
    reason: str,
    currency: str,
    subscription: Document | None = None,
    discounts: list[str] | None = None,
    taxed: bool = False,
    period: tuple[int, int] | None = None,
    pays_by_balance: bool = True,
    **fields: object,
) -> Document:
    """Store a draft with its lines and totals and record `invoice.created`."""
    invoice = {**blank_invoice(change, customer), "currency": currency, "billing_reason": reason, **fields}
    if subscription:
        invoice["parent"] = {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        }
    start, end = period or (change.now, change.now)
    invoice |= {"period_start": start, "period_end": end, "automatic_tax": automatic_tax(enabled=taxed)}
    invoice |= {"discounts": discounts or [], "_pays_by_balance": pays_by_balance}
    invoice |= _totals(change, invoice, lines)
    return change.add(invoice, "invoice.created")


def _totals(change: Change, invoice: Document, lines: list[Document]) -> Document:
    """Return the lines with what is taken off and the tax on them, and the sums."""
    coupon = coupon_behind(change, invoice["discounts"])
    off = taken_off([line["amount"] if line["discountable"] else 0 for line in lines], coupon)
    percent = tax_percent(change) if invoice["automatic_tax"]["enabled"] else 0.0
    rated: list[Document] = []
    subtotal = sum(line["amount"] for line in lines)
    added = included = 0
    for line, less in zip(lines, off, strict=True):
        left = line["amount"] - less
        tax = tax_on(left, percent, line["_tax_behavior"])
        inclusive = line["_tax_behavior"] == "inclusive"
        added, included = (added, included + tax) if inclusive else (added + tax, included)
        rated.append({**line, **_details(invoice, less=less, tax=tax, left=left, inclusive=inclusive)})
    total = subtotal - sum(off) + added
    discount = [{"amount": sum(off), "discount": each} for each in invoice["discounts"]]
    taxes = _taxes(added, subtotal - sum(off), inclusive=False) if percent and added else []
    taxes += _taxes(included, total - included, inclusive=True) if percent and included else []
    return {
        "lines": lines_of(invoice["id"], rated),
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - included,
        "total": total,
        "total_discount_amounts": discount,
        "total_excluding_tax": total - added - included,
        "total_taxes": taxes,
        **_due(change, invoice, total),
    }


def _details(invoice: Document, *, less: int, tax: int, left: int, inclusive: bool) -> Document:
    discounts = [{"amount": less, "discount": each} for each in invoice["discounts"]] if less else []
    taxes = _taxes(tax, left, inclusive=inclusive) if tax else []
    return {"discount_amounts": discounts, "discounts": invoice["discounts"] if less else [], "taxes": taxes}


def _taxes(amount: int, taxable: int, *, inclusive: bool) -> list[Document]:
    return [
        {
            "amount": amount,
            "tax_behavior": "inclusive" if inclusive else "exclusive",
            "tax_rate_details": {"tax_rate": TAX_RATE},
            "taxability_reason": "standard_rated",
            "taxable_amount": taxable,
            "type": "tax_rate_details",
        }
    ]


def _due(change: Change, invoice: Document, total: int) -> Document:
    """Return what is due after the customer's balance: below zero it is credit, which pays first."""
    balance = change.require("customer", invoice["customer"])["balance"] if invoice["_pays_by_balance"] else 0
    due = max(0, total + balance)
    return {"starting_balance": balance, "amount_due": due, "amount_remaining": due}


def finalize(change: Change, invoice: Document, *, address: str) -> Document:
    """Open a draft: it gets a number and pages, and the customer's credit is used up by it."""
    customer = change.require("customer", invoice["customer"])
    ending = min(0, invoice["total"] + invoice["starting_balance"])
    sequence = customer["next_invoice_sequence"]
    numbered = {**customer, "next_invoice_sequence": sequence + 1}
    change.store.save(numbered)
    if invoice["_pays_by_balance"]:
        change.update(numbered, "customer.updated", balance=ending)
    return move(
        change,
        invoice,
        "invoice.finalized",
        effective_at=change.now,
        ending_balance=ending if invoice["_pays_by_balance"] else None,
        hosted_invoice_url=f"{address}/i/{invoice['id']}",
        invoice_pdf=f"{address}/i/{invoice['id']}/pdf",
        number=f"{customer['invoice_prefix']}-{sequence:04}",
        status="open",
        status_transitions={**invoice["status_transitions"], "finalized_at": change.now},
    )


def intent_of(change: Change, invoice: Document) -> Document:
    """Return the payment intent that pays an open invoice, made when it is first asked for."""
    for payment in change.store.find("invoice_payment", invoice=invoice["id"]):
        if payment["status"] == "open":
            return change.require("payment_intent", payment["payment"]["payment_intent"])
    words = {
        "subscription_create": "Subscription creation",
        "subscription_update": "Subscription update",
    }
    intent = new_intent(
        change,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=words.get(invoice["billing_reason"], "Subscription update"),
    )
    new_invoice_payment(change, invoice, intent)
    return intent


def mark_paid(change: Change, invoice: Document, intent: Document | None) -> Document:
    """Record that an open invoice is paid: by a payment, or because nothing is due."""
    amount = invoice["amount_due"]
    invoice = move(
        change,
        invoice,
        "invoice.paid",
        amount_paid=amount,
        amount_remaining=0,
        attempt_count=invoice["attempt_count"] + (1 if intent else 0),
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
        status_transitions={**invoice["status_transitions"], "paid_at": change.now},
    )
    change.record("invoice.payment_succeeded", invoice)
    if intent:
        (payment,) = change.store.find("invoice_payment", invoice=invoice["id"], status="open")
        paid = {"canceled_at": None, "paid_at": change.now}
        values = {"amount_paid": amount, "status": "paid", "status_transitions": paid}
        move(change, payment, "invoice_payment.paid", **values)
    return invoice


def void(change: Change, invoice: Document) -> Document:
    """Take an invoice back: nobody is to pay it."""
    _stop_payments(change, invoice)
    transitions = {**invoice["status_transitions"], "voided_at": change.now}
    values = {"auto_advance": False, "next_payment_attempt": None, "status_transitions": transitions}
    return move(change, invoice, "invoice.voided", status="void", **values)


def mark_uncollectible(change: Change, invoice: Document) -> Document:
    """Give up on an invoice."""
    transitions = {**invoice["status_transitions"], "marked_uncollectible_at": change.now}
    values = {"auto_advance": False, "next_payment_attempt": None, "status_transitions": transitions}
    return move(change, invoice, "invoice.marked_uncollectible", status="uncollectible", **values)


def _stop_payments(change: Change, invoice: Document) -> None:
    for payment in change.store.find("invoice_payment", invoice=invoice["id"], status="open"):
        canceled = {"canceled_at": change.now, "paid_at": None}
        move(change, payment, None, status="canceled", status_transitions=canceled)
        intent = change.require("payment_intent", payment["payment"]["payment_intent"])
        values = {"status": "canceled", "canceled_at": change.now, "cancellation_reason": "void_invoice"}
        move(change, intent, "payment_intent.canceled", **values)
