"""The shape of a Checkout Session."""

from __future__ import annotations

from standins.stripe.store import Document


def blank_session() -> Document:
    """Return the fields of a session that nothing here ever sets."""
    nothing = (
        "adaptive_pricing after_expiration client_secret consent consent_collection currency_conversion"
        " invoice payment_intent payment_link payment_method_configuration_details recovered_from"
        " return_url setup_intent shipping_address_collection shipping_cost"
        " subscription wallet_options"
    )
    return {
        "object": "checkout.session",
        **dict.fromkeys(nothing.split()),
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "livemode": False,
        "payment_method_options": {},
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
    }


def details_of(
    email: str | None,
    name: str | None,
    *,
    address: Document | None = None,
    business_name: str | None = None,
    tax_ids: list[Document] | None = None,
) -> Document:
    """Return what is known of the buyer."""
    return {
        "address": address,
        "business_name": business_name,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": tax_ids or [],
    }
