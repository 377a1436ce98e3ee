"""Stripe, by its official SDK. Nothing of Stripe's leaves this file but our own words."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe
import structlog

from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.pack import Pack
from billing.domain.settlement import ProcessorCheckout

API_VERSION = "2026-10-28.endive"
TIMEOUT_S = 20.0
RETRIES_MAX = 2

log = structlog.get_logger(__name__)
T = TypeVar("T")


class StripeProcessor:
    """Hosted Checkout in payment mode. Every write carries an idempotency key made of our own ids."""

    def __init__(self, *, secret_key: str, api_url: str | None) -> None:
        # The SDK sends no addresses of its own when none are given: then it is the real Stripe.
        addresses: Any = {"base_addresses": {"api": api_url}} if api_url else {}
        self._client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            max_network_retries=RETRIES_MAX,
            http_client=stripe.HTTPXClient(timeout=TIMEOUT_S),
            **addresses,
        )

    async def open_customer(self, *, user_id: str, email: str) -> str:
        """Create the customer of a user; a repeated call gets the same one while Stripe keeps the key."""
        customer = await _answered(
            self._client.v1.customers.create_async(
                {"email": email, "metadata": {"user_id": user_id}},
                {"idempotency_key": f"customer:{user_id}:{email}"},
            )
        )
        return customer.id

    async def open_checkout(
        self, checkout: Checkout, *, lookup_key: str, customer_id: str, success_url: str, cancel_url: str
    ) -> ProcessorCheckout:
        """Open a session for one pack at its published price."""
        ours = {"user_id": checkout.user_id, "checkout_id": checkout.checkout_id, "pack_id": checkout.pack_id}
        session = await _answered(
            self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "customer": customer_id,
                    "client_reference_id": checkout.checkout_id,
                    "line_items": [{"price": await self._price(lookup_key), "quantity": 1}],
                    "success_url": success_url,
                    "cancel_url": cancel_url,
                    "metadata": ours,
                    "payment_intent_data": {"metadata": ours},
                },
                {"idempotency_key": f"checkout:{checkout.checkout_id}"},
            )
        )
        return _seen(session)

    async def find_checkout(self, session_id: str) -> ProcessorCheckout:
        """Read a session as it stands now."""
        return _seen(await _answered(self._client.v1.checkout.sessions.retrieve_async(session_id)))

    async def publish(self, pack: Pack) -> None:
        """Create or update the pack's product, and its price when there is none with these terms."""
        product_id = f"tintype_{pack.pack_id}"
        try:
            await self._client.v1.products.retrieve_async(product_id)
        except stripe.InvalidRequestError:
            await _answered(
                self._client.v1.products.create_async(
                    {"id": product_id, "name": pack.title, "description": pack.description}
                )
            )
        except stripe.StripeError as failure:
            raise PaymentProcessorUnavailable("the payment processor did not answer; try again") from failure
        else:
            await _answered(
                self._client.v1.products.update_async(
                    product_id, {"name": pack.title, "description": pack.description}
                )
            )
        prices = await _answered(
            self._client.v1.prices.list_async({"lookup_keys": [pack.lookup_key], "active": True})
        )
        terms = (pack.price_minor, pack.currency)
        if any((price.unit_amount, price.currency) == terms for price in prices.data):
            return
        await _answered(
            self._client.v1.prices.create_async(
                {
                    "product": product_id,
                    "unit_amount": pack.price_minor,
                    "currency": pack.currency,
                    "lookup_key": pack.lookup_key,
                    "transfer_lookup_key": True,
                }
            )
        )

    async def _price(self, lookup_key: str) -> str:
        prices = await _answered(
            self._client.v1.prices.list_async({"lookup_keys": [lookup_key], "active": True, "limit": 1})
        )
        if not prices.data:
            log.error("price is not published", lookup_key=lookup_key)
            raise PaymentProcessorUnavailable(
                f"no price {lookup_key!r} is published: run `python -m billing publish-catalogue`"
            )
        return prices.data[0].id


def _seen(session: stripe.checkout.Session) -> ProcessorCheckout:
    intent = session.payment_intent
    return ProcessorCheckout(
        session_id=session.id,
        status=CheckoutStatus(session.status or "open"),
        is_paid=session.payment_status == "paid",
        payment_id=intent if intent is None or isinstance(intent, str) else intent.id,
        amount_minor=session.amount_total or 0,
        currency=session.currency or "",
        reference=session.client_reference_id,
        url=session.url or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
    )


async def _answered(call: Awaitable[T]) -> T:
    """Await a call; every failure of Stripe's is one of ours, and is logged with Stripe's request id."""
    try:
        return await call
    except stripe.StripeError as failure:
        log.warning("stripe refused", code=failure.code, request_id=failure.request_id, error=str(failure))
        raise PaymentProcessorUnavailable("the payment processor did not answer; try again") from failure
