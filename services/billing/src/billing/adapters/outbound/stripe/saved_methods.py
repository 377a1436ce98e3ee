"""Payments without the customer, at Stripe: PaymentIntents that are confirmed off session."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from billing.adapters.outbound.stripe.errors import answered
from billing.adapters.outbound.stripe.lists import asked_since, listing
from billing.domain.auto_top_up import Charge, ChargeStatus, SavedMethod
from billing.domain.checkout import Checkout
from billing.domain.errors import PaymentProcessorUnavailable, UnknownToProcessor
from billing.domain.identifiers import CheckoutId, CustomerId, PaymentId, PaymentMethodId
from billing.domain.listing import Listing
from billing.domain.processor_payment import ListedPayment

# What tells a top-up among all the payments of an account.
ORIGIN = "auto_top_up"
# Payments of one customer since one top-up began: more than a few would be a surprise.
LOOKED_THROUGH_MAX = 100
# Stripe's clock and ours.
SKEW = timedelta(minutes=10)

_STATUSES = {
    "succeeded": ChargeStatus.PAID,
    "processing": ChargeStatus.PROCESSING,
    "requires_action": ChargeStatus.NEEDS_AUTHENTICATION,
    "requires_payment_method": ChargeStatus.REFUSED,
    "canceled": ChargeStatus.REFUSED,
}
_ASKS_FOR_CARDHOLDER = "authentication_required"


# Where the list of payments goes on once its pages are read, before the id of the payment to go on after.
PAGELESS = "without-page:"


class StripeSavedMethods:
    """Implements SavedMethods, and lists what came of them."""

    _client: stripe.StripeClient

    async def list_pageless_payments(self, *, since: datetime, after: str) -> Listing[ListedPayment]:
        """Read one page of the payments that were made without a checkout session."""
        last = after.removeprefix(PAGELESS) or None
        asked = asked_since(since, last, "latest_charge")
        page = listing(await answered(self._client.v1.payment_intents.list_async(asked)), _listed)
        return replace(page, next_after=PAGELESS + page.next_after if page.next_after else None)

    async def saved_method(self, customer_id: CustomerId) -> SavedMethod | None:
        """Return the customer's default card, else the newest."""
        customers, methods = self._client.v1.customers, self._client.v1.payment_methods
        newest: Any = {"type": "card", "limit": 1}
        try:
            customer = await answered(customers.retrieve_async(customer_id))
            if getattr(customer, "deleted", False):
                return None
            default = customer.invoice_settings.default_payment_method if customer.invoice_settings else None
            if default is not None:
                method_id = default if isinstance(default, str) else default.id
                return _seen(await answered(methods.retrieve_async(method_id)))
            kept = await answered(customers.payment_methods.list_async(customer_id, newest))
        except UnknownToProcessor:
            return None
        return _seen(kept.data[0]) if kept.data else None

    async def charge_saved_method(self, checkout: Checkout, *, customer_id: CustomerId) -> Charge:
        """Look for the checkout's payment, and make it where there is none."""
        found = await self._find(checkout, customer_id)
        if found is not None:
            return _standing(found)
        method = await self.saved_method(customer_id)
        if method is None:
            return Charge(status=ChargeStatus.NO_METHOD)
        asked: Any = {
            "amount": checkout.price_minor,
            "currency": checkout.currency,
            "customer": customer_id,
            "payment_method": method.method_id,
            "payment_method_types": ["card"],
            "off_session": True,
            "confirm": True,
            "description": checkout.pack_title,
            "metadata": {
                "user_id": checkout.user_id,
                "checkout_id": checkout.checkout_id,
                "pack_id": checkout.pack_id,
                "origin": ORIGIN,
            },
        }
        # The key names the checkout alone: another card is no reason to pay once more.
        key: Any = {"idempotency_key": f"top-up:{checkout.checkout_id}"}
        try:
            return _standing(await answered(_told(self._client.v1.payment_intents.create_async(asked, key))))
        except _Declined as declined:
            return declined.charge

    async def _find(self, checkout: Checkout, customer_id: CustomerId) -> stripe.PaymentIntent | None:
        """Return the payment that carries this checkout.

        Stripe's list shows what was made before at once, and remembers it when the key is forgotten.
        """
        since = int((checkout.created_at - SKEW).timestamp())
        asked: Any = {"customer": customer_id, "created": {"gte": since}, "limit": LOOKED_THROUGH_MAX}
        try:
            page = await answered(self._client.v1.payment_intents.list_async(asked))
        except UnknownToProcessor:
            return None
        for intent in page.data:
            if _label(intent, "checkout_id") == checkout.checkout_id:
                return intent
        if page.has_more:
            # It may be among the older ones: better asked again than paid again.
            raise PaymentProcessorUnavailable("this customer has more payments than can be looked through")
        return None


class _Declined(Exception):
    def __init__(self, charge: Charge) -> None:
        super().__init__(charge)
        self.charge = charge


async def _told(call: Any) -> stripe.PaymentIntent:
    """Await the payment; a bank's refusal is an answer, told as an error by the SDK."""
    try:
        intent: stripe.PaymentIntent = await call
    except stripe.CardError as refused:
        asks = refused.code == _ASKS_FOR_CARDHOLDER
        status = ChargeStatus.NEEDS_AUTHENTICATION if asks else ChargeStatus.REFUSED
        error: Any = refused.error
        intent_id = error.payment_intent.id if error is not None and error.payment_intent else None
        charge = Charge(status=status, payment_id=PaymentId(intent_id) if intent_id else None)
        raise _Declined(charge) from refused
    except stripe.IdempotencyError as other:
        # The key stands for a request with another card: what became of that one is looked for next time.
        raise PaymentProcessorUnavailable("the same payment was asked for with another card") from other
    return intent


def _standing(intent: stripe.PaymentIntent) -> Charge:
    status = _STATUSES.get(intent.status, ChargeStatus.PROCESSING)
    error = intent.last_payment_error
    if status is ChargeStatus.REFUSED and error is not None and error.code == _ASKS_FOR_CARDHOLDER:
        status = ChargeStatus.NEEDS_AUTHENTICATION
    return Charge(status=status, payment_id=PaymentId(intent.id))


def _listed(intent: stripe.PaymentIntent) -> ListedPayment | None:
    """Return a top-up of the list, whose charge is expanded; None for what it is none of, or not paid."""
    if intent.status != "succeeded" or _label(intent, "origin") != ORIGIN:
        return None
    charge = intent.latest_charge
    return ListedPayment(
        payment_id=PaymentId(intent.id),
        page_id=None,
        reference=CheckoutId(_label(intent, "checkout_id")),
        amount_minor=intent.amount_received,
        currency=intent.currency,
        paid_at=datetime.fromtimestamp(
            charge.created if isinstance(charge, stripe.Charge) else intent.created, UTC
        ),
    )


def _label(intent: stripe.PaymentIntent, name: str) -> str:
    """Return what we wrote onto a payment under a name, empty where it is none of ours."""
    metadata: Any = intent.metadata
    return str(metadata[name]) if metadata and name in metadata else ""


def _seen(method: stripe.PaymentMethod) -> SavedMethod:
    card = method.card
    return SavedMethod(
        method_id=PaymentMethodId(method.id),
        brand=card.brand if card else method.type,
        last4=(card.last4 or "") if card else "",
    )
