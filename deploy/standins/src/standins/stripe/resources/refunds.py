"""Refunds, whole or in parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from standins.stripe.account import Change
from standins.stripe.disputes import money_is_withdrawn
from standins.stripe.endpoint import Call, Resource
from standins.stripe.errors import StripeError, invalid
from standins.stripe.ids import new_id
from standins.stripe.listing import page
from standins.stripe.parameters import ListParameters, Metadata, Parameters, merged
from standins.stripe.store import Document

resource = Resource()

LATER = {"5126": "fail_refund", "7726": "settle_refund"}
"""What becomes of a refund to Stripe's special cards, by the card's last digits."""


class RefundCreate(Parameters):
    """What to give back; without an amount, everything that is left."""

    amount: Annotated[int, Field(ge=1)] | None = None
    charge: str | None = None
    currency: str | None = None
    metadata: Metadata
    payment_intent: str | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None


class RefundUpdate(Parameters):
    """What can be changed on a refund."""

    metadata: Metadata


class RefundList(ListParameters):
    """Filters of the list."""

    charge: str | None = None
    payment_intent: str | None = None


def _charge_of(change: Change, params: RefundCreate) -> Document:
    if params.charge:
        return change.require("charge", params.charge, param="charge", status=404)
    if params.payment_intent is None:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise invalid(message)
    intent = change.require("payment_intent", params.payment_intent, param="payment_intent", status=404)
    if intent["status"] != "succeeded":
        raise invalid(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return change.require("charge", intent["latest_charge"])


def _amount(change: Change, charge: Document, asked: int | None) -> int:
    if charge["status"] != "succeeded":
        raise invalid(f"This charge ({charge['id']}) cannot be refunded: its status is {charge['status']}.")
    if money_is_withdrawn(change, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(message, code="charge_disputed")
    left: int = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise StripeError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if asked is not None and asked > left:
        sums = (f"(${asked / 100:.2f})", f"(${left / 100:.2f})")
        message = f"Refund amount {sums[0]} is greater than unrefunded amount on charge {sums[1]}"
        raise invalid(message, "amount")
    return asked or left


@resource.operation("POST", "/v1/refunds", RefundCreate)
def create(call: Call[RefundCreate]) -> Document:
    """Refund a charge; recorded as `refund.created`, `charge.refunded` and `refund.updated`."""
    change, params = call.change, call.params
    charge = _charge_of(change, params)
    amount = _amount(change, charge, params.amount)
    refund = _new_refund(change, charge, amount, params)
    change.add(refund, "refund.created")
    total = charge["amount_refunded"] + amount
    change.update(charge, "charge.refunded", amount_refunded=total, refunded=total == charge["amount"])
    change.record("refund.updated", refund, previous={"destination_details": {"card": {"reference": None}}})
    if action := LATER.get(_last4(charge)):
        change.schedule(action, refund["id"], delay_s=change.account.settings.async_payment_delay_s)
    return refund


def _new_refund(change: Change, charge: Document, amount: int, params: RefundCreate) -> Document:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": change.now,
        "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": merged({}, params.metadata),
        "payment_intent": charge["payment_intent"],
        "reason": params.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if LATER.get(_last4(charge)) == "settle_refund" else "succeeded",
        "transfer_reversal": None,
    }


def settle_refund(change: Change, refund_id: str) -> None:
    """Do the timer's action: the money reached the buyer."""
    refund = change.require("refund", refund_id)
    change.update(refund, "refund.updated", status="succeeded")


def fail_refund(change: Change, refund_id: str) -> None:
    """Do the timer's action: the buyer's bank sent the money back, though the refund had succeeded."""
    refund = change.require("refund", refund_id)
    charge = change.require("charge", refund["charge"])
    left = charge["amount_refunded"] - refund["amount"]
    change.update(charge, "charge.updated", amount_refunded=left, refunded=False)
    failed = {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    refund = change.update(refund, "refund.failed", **failed)
    change.record("refund.updated", refund, previous={"status": "succeeded"})


def _last4(charge: Document) -> str:
    card = (charge["payment_method_details"] or {}).get("card", {})
    return str(card.get("last4"))


@resource.operation("GET", "/v1/refunds/{id}", Parameters)
def retrieve(call: Call[Parameters]) -> Document:
    """Fetch a refund."""
    return call.change.require("refund", call.id, status=404)


@resource.operation("POST", "/v1/refunds/{id}", RefundUpdate)
def update(call: Call[RefundUpdate]) -> Document:
    """Change a refund's metadata."""
    refund = call.change.require("refund", call.id, status=404)
    metadata = merged(refund["metadata"], call.params.metadata)
    return call.change.update(refund, "refund.updated", metadata=metadata)


@resource.operation("GET", "/v1/refunds", RefundList)
def list_(call: Call[RefundList]) -> Document:
    """List refunds."""
    where = {"charge": call.params.charge, "payment_intent": call.params.payment_intent}
    return page(call.change, "refund", "/v1/refunds", call.params, where)
