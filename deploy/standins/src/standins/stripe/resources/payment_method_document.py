"""The shape of a payment method made of a test card."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.cards import CARDS
from standins.stripe.ids import new_id
from standins.stripe.store import Document

EXPIRES_IN_YEAR = 2034


def new_method(change: Change, name: str, *, email: str | None = None, holder: str | None = None) -> Document:
    """Store a payment method of a test card that nobody keeps yet; Stripe has no event for that."""
    card = CARDS[name]
    method: Document = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": email,
            "name": holder,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": card.brand,
            "exp_month": 12,
            "exp_year": EXPIRES_IN_YEAR,
            "fingerprint": f"standin{card.last4:>09}",
            "funding": "credit",
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": change.now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_set_up": False,
    }
    return change.add(method)
