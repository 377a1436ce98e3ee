"""What a buyer types into the Checkout page beside the card."""

from __future__ import annotations

from standins.stripe.buyers import Buyer
from standins.stripe.store import Document

COUNTRIES = {"US": "United States", "DE": "Germany", "ES": "Spain", "FR": "France", "GB": "United Kingdom"}
TAX_ID_TYPES = {"US": "us_ein", "GB": "gb_vat"}
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def asks_address(session: Document) -> bool:
    """Whether the page asks where the buyer lives."""
    return session["billing_address_collection"] == "required" or bool(session["automatic_tax"]["enabled"])


def read_buyer(
    session: Document, form: dict[str, str], *, known_email: str | None
) -> tuple[Buyer, str | None]:
    """Return the buyer, and what is wrong with the form, if anything."""
    address = _address(form)
    buyer = Buyer(
        email=known_email or form.get("email") or None,
        name=form.get("name") or None,
        address=address,
        business_name=form.get("business_name") or None,
        tax_ids=_tax_ids(session, form, address),
        saves_card=bool(form.get("save")),
    )
    if not buyer.email or "@" not in buyer.email:
        return buyer, "Enter an email address."
    if session["billing_address_collection"] == "required" and address is None:
        return buyer, "Enter your billing address."
    if form.get("country") and form["country"] not in COUNTRIES:
        return buyer, "Choose a country."
    return buyer, None


def _address(form: dict[str, str]) -> Document | None:
    if not form.get("country"):
        return None
    return {name: form.get(name) or None for name in ADDRESS}


def _tax_ids(session: Document, form: dict[str, str], address: Document | None) -> list[Document]:
    collection = session.get("tax_id_collection") or {}
    value = form.get("tax_id")
    if not value or not collection.get("enabled"):
        return []
    country = address["country"] if address else "US"
    return [{"type": TAX_ID_TYPES.get(country, "eu_vat"), "value": value}]
