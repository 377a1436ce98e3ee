"""Who buys on the Checkout page, and what of it is kept with the customer."""

from __future__ import annotations

from dataclasses import dataclass, field

from standins.stripe.account import Change
from standins.stripe.methods import attach
from standins.stripe.resources.customers import new_customer
from standins.stripe.resources.session_document import details_of
from standins.stripe.store import Document


@dataclass(frozen=True)
class Buyer:
    """What the buyer typed into the page."""

    email: str | None
    name: str | None
    address: Document | None = None
    business_name: str | None = None
    tax_ids: list[Document] = field(default_factory=list)
    saves_card: bool = False

    def details(self) -> Document:
        """Return it as the session shows it."""
        return details_of(
            self.email,
            self.name,
            address=self.address,
            business_name=self.business_name,
            tax_ids=self.tax_ids,
        )


def needs_customer(session: Document) -> bool:
    """Whether completing the session takes a customer."""
    invoiced = bool(session["invoice_creation"] and session["invoice_creation"]["enabled"])
    return session["customer_creation"] == "always" or session["mode"] == "subscription" or invoiced


def with_customer(change: Change, session: Document, buyer: Buyer) -> Document:
    """Return the session with a customer, new where one is needed; a known one keeps what it may."""
    if session["customer"]:
        _keep(change, session, buyer)
        return session
    if not needs_customer(session):
        return session
    customer = new_customer(
        change,
        email=buyer.email,
        name=buyer.business_name or buyer.name,
        address=buyer.address,
        _tax_ids=buyer.tax_ids,
    )
    return {**session, "customer": customer["id"]}


def keep_card(change: Change, method: Document, customer_id: str | None) -> Document:
    """Let the customer keep the card that they paid with."""
    return attach(change, method, customer_id) if customer_id else method


def _keep(change: Change, session: Document, buyer: Buyer) -> None:
    allowed = session.get("_customer_update", {})
    customer = change.require("customer", session["customer"])
    values: Document = {}
    if allowed.get("address") == "auto" and buyer.address:
        values["address"] = buyer.address
    if allowed.get("name") == "auto" and (buyer.business_name or buyer.name):
        values["name"] = buyer.business_name or buyer.name
    if buyer.tax_ids:
        customer = {**customer, "_tax_ids": buyer.tax_ids}
        change.store.save(customer)
    change.update(customer, "customer.updated", **values)
