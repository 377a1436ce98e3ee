"""Invoice payments: which payment pays which invoice."""

from __future__ import annotations

from typing import Literal

from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import invalid
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Nested, Parameters
from standins.stripe.store import Document

resource = Resource()


class Payment(Nested):
    """The payment to look for."""

    type: Literal["charge", "payment_intent", "payment_record"]
    payment_intent: str | None = None


class InvoicePaymentList(ListParameters):
    """Filters of the list."""

    invoice: str | None = None
    payment: Payment | None = None
    status: Literal["canceled", "open", "paid"] | None = None


@resource.operation("GET", "/v1/invoice_payments/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch an invoice payment."""
    return call.change.require("invoice_payment", call.id, status=404)


@resource.operation("GET", "/v1/invoice_payments", InvoicePaymentList)
def list_(call: Call[InvoicePaymentList]) -> Document:
    """List invoice payments."""
    params = call.params
    payment = params.payment
    if payment and payment.payment_intent is None:
        name = f"payment[{payment.type}]"
        raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    where = {
        "invoice": params.invoice,
        "payment.payment_intent": payment.payment_intent if payment else None,
        "status": params.status,
    }
    return page(call.change, "invoice_payment", "/v1/invoice_payments", params, where)
