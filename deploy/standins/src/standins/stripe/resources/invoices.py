"""Invoices: made out by subscriptions and by Checkout."""

from __future__ import annotations

from typing import Any, Literal

from standins.stripe.account import Change
from standins.stripe.billing import invoicing
from standins.stripe.billing.collecting import collect, method_for
from standins.stripe.charging import refused
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import StripeError, invalid, no_such
from standins.stripe.listing import list_object, page
from standins.stripe.methods import own_method
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()


class InvoiceUpdate(Parameters):
    """What can be changed on an invoice here."""

    auto_advance: bool | None = None
    description: str | None = None
    metadata: Metadata


class InvoicePay(Parameters):
    """Which card pays it."""

    off_session: bool = True
    payment_method: str | None = None


class InvoiceFinalize(Parameters):
    """Whether it is charged by itself after that."""

    auto_advance: bool | None = None


class InvoiceList(ListParameters):
    """Filters of the list."""

    collection_method: Literal["charge_automatically", "send_invoice"] | None = None
    customer: str | None = None
    status: Literal["draft", "open", "paid", "uncollectible", "void"] | None = None
    subscription: str | None = None


def _require(call: Call[Any]) -> tuple[Change, Document]:
    """Return the invoice, and the change at the time that it lives by."""
    found = call.change.store.get("invoice", call.id)
    if found is None:
        raise no_such("invoice", call.id, param="invoice", status=404)
    return call.change.at_time_of(found["customer"]), found


@resource.operation("GET", "/v1/invoices/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch an invoice."""
    return _require(call)[1]


@resource.operation("POST", "/v1/invoices/{id}", InvoiceUpdate)
def update(call: Call[InvoiceUpdate]) -> Document:
    """Change an invoice's labels."""
    change, invoice = _require(call)
    labels = call.params.given("auto_advance", "description")
    metadata = merged(invoice["metadata"], call.params.metadata)
    return change.update(invoice, "invoice.updated", **labels, metadata=metadata)


@resource.operation("POST", "/v1/invoices/{id}/finalize", InvoiceFinalize)
def finalize(call: Call[InvoiceFinalize]) -> Document:
    """Open a draft; what is charged by itself is charged an hour after it was made."""
    change, invoice = _require(call)
    if invoice["status"] != "draft":
        message = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        raise invalid(message, code="invoice_not_editable")
    opened = invoicing.finalize(change, invoice, address=call.address)
    return collect(change, opened) if opened["amount_due"] == 0 else opened


@resource.operation("POST", "/v1/invoices/{id}/pay", InvoicePay)
def pay(call: Call[InvoicePay]) -> Document:
    """Charge an open invoice, outside its normal times; a refused card answers 402."""
    change, invoice = _require(call)
    params = call.params
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(change, invoice, address=call.address)
    if invoice["status"] == "paid":
        raise StripeError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid("You can only pay an open invoice.", code="invoice_not_payable")
    given = params.payment_method
    method = own_method(change, given, invoice["customer"], "payment_method") if given else None
    method = method or method_for(change, invoice)
    if method is None and invoice["amount_due"]:
        message = (
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method` prior to attempting payment."
        )
        raise StripeError(message, code="invoice_payment_method_missing")
    invoice = collect(change, invoice, method=method)
    if invoice["status"] == "paid":
        return invoice
    intent = invoicing.intent_of(change, invoice)
    if intent["status"] == "requires_action":
        message = "Payment for this invoice requires additional user action before it can be completed."
        raise StripeError(
            message, status=402, kind="card_error", code="invoice_payment_intent_requires_action", kept=True
        )
    raise refused(intent)


@resource.operation("POST", "/v1/invoices/{id}/void", Parameters)
def void(call: Call[Parameters]) -> Document:
    """Take an open invoice back."""
    change, invoice = _require(call)
    if invoice["status"] not in ("open", "uncollectible"):
        message = f"You can only void an open or uncollectible invoice. This one is {invoice['status']}."
        raise invalid(message)
    return invoicing.void(change, invoice)


@resource.operation("POST", "/v1/invoices/{id}/mark_uncollectible", Parameters)
def mark_uncollectible(call: Call[Parameters]) -> Document:
    """Give up on an open invoice."""
    change, invoice = _require(call)
    if invoice["status"] != "open":
        raise invalid("You can only mark an open invoice as uncollectible.")
    return invoicing.mark_uncollectible(change, invoice)


@resource.operation("GET", "/v1/invoices/{id}/lines", ListParameters)
def lines(call: Call[ListParameters]) -> Document:
    """List an invoice's lines in their own order."""
    _, invoice = _require(call)
    params = call.params
    found: list[Document] = invoice["lines"]["data"]
    if params.starting_after:
        known = [line["id"] for line in found]
        if params.starting_after not in known:
            raise no_such("line_item", params.starting_after, param="starting_after")
        found = found[known.index(params.starting_after) + 1 :]
    url = f"/v1/invoices/{call.id}/lines"
    return list_object(url, found[: params.limit], has_more=len(found) > params.limit)


@resource.operation("GET", "/v1/invoices", InvoiceList)
def list_(call: Call[InvoiceList]) -> Document:
    """List invoices."""
    params = call.params
    where = {
        "collection_method": params.collection_method,
        "customer": params.customer,
        "status": params.status,
        "parent.subscription_details.subscription": params.subscription,
    }
    return page(call.change, "invoice", "/v1/invoices", params, where)
