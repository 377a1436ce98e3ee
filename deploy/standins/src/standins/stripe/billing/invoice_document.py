"""The shape of an invoice, of its lines and of its payments."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.ids import new_id
from standins.stripe.listing import list_object
from standins.stripe.store import Document

_NOTHING = (
    "account_tax_ids amount_paid_off_stripe application automatically_finalizes_at confirmation_secret"
    " custom_fields customer_account customer_shipping default_source description due_date effective_at"
    " ending_balance footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error"
    " latest_revision next_payment_attempt number on_behalf_of receipt_number rendering shipping_cost"
    " shipping_details statement_descriptor status_details threshold_reason webhooks_delivered_at"
)
_ZEROES = (
    "amount_due amount_overpaid amount_paid amount_remaining amount_shipping attempt_count"
    " post_payment_credit_notes_amount pre_payment_credit_notes_amount starting_balance subtotal"
    " subtotal_excluding_tax total total_excluding_tax"
)


def blank_invoice(change: Change, customer: Document) -> Document:
    """Return a draft for a customer that asks for nothing yet."""
    return {
        "id": new_id("in"),
        "object": "invoice",
        **dict.fromkeys(_NOTHING.split()),
        **dict.fromkeys(_ZEROES.split(), 0),
        "account_country": "US",
        "account_name": "Stand-in",
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": automatic_tax(enabled=False),
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": change.now,
        "currency": "usd",
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": customer.get("_tax_ids", []),
        "default_payment_method": None,
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": change.now,
        "period_start": change.now,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": customer["test_clock"],
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def automatic_tax(*, enabled: bool) -> Document:
    """Return whether tax is worked out, and that it could be."""
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "complete" if enabled else None,
    }


def new_line(
    price: Document,
    *,
    amount: int,
    quantity: int,
    description: str,
    period: tuple[int, int],
    subscription: Document | None = None,
    item_id: str | None = None,
    proration: bool = False,
) -> Document:
    """Return a line for a price, of a subscription or of a purchase."""
    if subscription and item_id:
        details: Document = {
            "invoice_item": None,
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item_id,
        }
        parent = {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    else:
        details = {
            "invoice_item": new_id("ii"),
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"] if subscription else None,
        }
        parent = {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": subscription["metadata"] if subscription else {},
        "parent": parent,
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription["id"] if subscription else None,
        "subtotal": amount,
        "taxes": [],
        "_tax_behavior": price["tax_behavior"],
    }


def lines_of(invoice_id: str, lines: list[Document]) -> Document:
    """Return the list object that an invoice carries its lines in."""
    owned = [{**line, "invoice": invoice_id} for line in lines]
    return {**list_object(f"/v1/invoices/{invoice_id}/lines", owned), "total_count": len(lines)}


def new_invoice_payment(change: Change, invoice: Document, intent: Document) -> Document:
    """Store the payment that an open invoice waits for; Stripe has no event for that."""
    return change.add(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": change.now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
