"""Objects as Polar shows them: what one holds of another is read when it is shown."""

from __future__ import annotations

from typing import Any

from standins.polar.organization import Change, public
from standins.polar.store import Document

_OF_CHECKOUT: Document = {
    "custom_field_data": {},
    "payment_processor": "stripe",
    "embed_origin": None,
    "units": None,
    "min_units": None,
    "max_units": None,
    "allow_trial": True,
    "active_trial_interval": None,
    "active_trial_interval_count": None,
    "trial_interval": None,
    "trial_interval_count": None,
    "trial_end": None,
    "require_billing_address": False,
    "is_discount_applicable": True,
    "is_free_product_price": False,
    "is_payment_setup_required": False,
    "is_business_customer": False,
    "customer_name": None,
    "customer_ip_address": None,
    "customer_billing_name": None,
    "customer_billing_address": None,
    "customer_tax_id": None,
    "locale": "en",
    "payment_method_type": None,
    "payment_processor_metadata": {},
    "billing_address_fields": dict.fromkeys(
        ("country", "state", "city", "postal_code", "line1", "line2"), "optional"
    ),
    "prices": None,
    "subscription_id": None,
    "attached_custom_fields": [],
    "customer_metadata": {},
}
_OF_ORDER: Document = {
    "applied_balance_amount": 0,
    "billing_reason": "purchase",
    "billing_name": None,
    "billing_address": None,
    "is_invoice_generated": False,
    "receipt_number": None,
    "units": None,
    "subscription_id": None,
    "subscription": None,
    "custom_field_data": {},
    "platform_fee_amount": 0,
    "platform_fee_currency": None,
}
_NOT_ON_A_PAGE = ("metadata", "is_deletable", "attached_custom_fields")
PAID = ("paid", "partially_refunded", "refunded")


def fixed_price(product: Document) -> Document | None:
    """Return the price that a product is sold at."""
    return next((price for price in product["prices"] if not price["is_archived"]), None)


def shown_product(product: Document) -> Document:
    """Return a product with the prices that are in force."""
    return public({**product, "prices": [price for price in product["prices"] if not price["is_archived"]]})


def shown_checkout(change: Change, checkout: Document) -> Document:
    """Return a checkout session with its product."""
    product = shown_product(change.require("product", checkout["product_id"]))
    on_page = {name: value for name, value in product.items() if name not in _NOT_ON_A_PAGE}
    total = checkout["net_amount"] + (checkout["tax_amount"] or 0)
    return public(
        {
            **_OF_CHECKOUT,
            **checkout,
            "total_amount": total,
            "is_payment_required": total > 0,
            "is_payment_form_required": total > 0,
            "product": on_page,
            "products": [on_page],
            "product_price": checkout["_price"],
            "product_price_id": checkout["_price"]["id"],
            "discount": _discount(change, checkout["discount_id"]),
        }
    )


def shown_order(change: Change, order: Document) -> Document:
    """Return an order with whose it is, what it is for and how much of it can be refunded."""
    product = shown_product(change.require("product", order["product_id"]))
    item = {
        "id": order["_item_id"],
        "created_at": order["created_at"],
        "modified_at": None,
        "label": product["name"],
        "amount": order["subtotal_amount"],
        "tax_amount": order["tax_amount"],
        "proration": False,
        "product_price_id": order["_price_id"],
        "start_timestamp": None,
        "end_timestamp": None,
    }
    return public(
        {
            **_OF_ORDER,
            **order,
            "paid": order["status"] in PAID,
            "due_amount": 0 if order["status"] in PAID else order["total_amount"],
            "refundable_amount": order["net_amount"] - order["refunded_amount"],
            "refundable_tax_amount": order["tax_amount"] - order["refunded_tax_amount"],
            "customer": _customer(change, order["customer_id"]),
            "product": product,
            "discount": _discount(change, order["discount_id"]),
            "items": [item],
            "description": product["name"],
        }
    )


def shown_dispute(change: Change, dispute: Document) -> Document:
    """Return a dispute with whose payment it is about."""
    order = change.require("order", dispute["order_id"])
    return public(
        {
            **dispute,
            "resolved": dispute["status"] in ("won", "lost"),
            "closed": dispute["status"] in ("won", "lost", "prevented"),
            "customer": _customer(change, order["customer_id"]),
        }
    )


def _customer(change: Change, customer_id: str) -> Any:
    # One that is deleted stays on what it has bought.
    found = change.store.get("customer", customer_id)
    return None if found is None else public(found)


def _discount(change: Change, discount_id: str | None) -> Document | None:
    return None if discount_id is None else public(change.require("discount", discount_id))
