"""Stripe, by its official SDK. Nothing of Stripe's leaves this file but our own words."""

from datetime import datetime
from typing import Any

import stripe
import structlog

from billing.adapters.outbound.stripe_answers import seen_checkout, seen_dispute, seen_payment, seen_refund
from billing.adapters.outbound.stripe_errors import answered
from billing.adapters.outbound.stripe_lists import asked_since, listing
from billing.domain.checkout import Checkout
from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import PaymentProcessorRefused, PaymentProcessorUnavailable, UnknownToProcessor
from billing.domain.listing import Listing
from billing.domain.pack import Pack
from billing.domain.refund import ListedRefund, ProcessorPayment
from billing.domain.settlement import ProcessorCheckout

API_VERSION = "2026-10-28.endive"
TIMEOUT_S = 20.0
RETRIES_MAX = 2
REFUND_PAGE, REFUND_PAGES_MAX = 100, 10

log = structlog.get_logger(__name__)


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
        customer = await answered(
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
        session = await answered(
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
        return seen_checkout(session)

    async def find_checkout(self, session_id: str) -> ProcessorCheckout:
        """Read a session as it stands now."""
        return seen_checkout(await answered(self._client.v1.checkout.sessions.retrieve_async(session_id)))

    async def find_payment(self, payment_id: str) -> ProcessorPayment:
        """Read a payment and all its refunds."""
        intent = await answered(self._client.v1.payment_intents.retrieve_async(payment_id))
        refunds: list[stripe.Refund] = []
        for _ in range(REFUND_PAGES_MAX):
            asked: Any = {"payment_intent": payment_id, "limit": REFUND_PAGE}
            if refunds:
                asked["starting_after"] = refunds[-1].id
            page = await answered(self._client.v1.refunds.list_async(asked))
            refunds += page.data
            if not page.has_more:
                return seen_payment(intent, refunds)
        raise PaymentProcessorRefused(f"payment {payment_id} has more than {len(refunds)} refunds")

    async def find_dispute(self, dispute_id: str) -> ProcessorDispute:
        """Read a dispute, with the payment that it is about."""
        asked: Any = {"expand": ["payment_intent"]}
        return seen_dispute(await answered(self._client.v1.disputes.retrieve_async(dispute_id, asked)))

    async def list_refunds(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Read one page of the list of refunds."""
        page = await answered(self._client.v1.refunds.list_async(asked_since(since, after)))
        return listing(page, seen_refund)

    async def list_disputes(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Read one page of the list of disputes."""
        page = await answered(self._client.v1.disputes.list_async(asked_since(since, after)))
        return listing(page, seen_dispute)

    async def publish(self, pack: Pack) -> None:
        """Create or update the pack's product, and its price when there is none with these terms."""
        product_id = f"tintype_{pack.pack_id}"
        try:
            await answered(self._client.v1.products.retrieve_async(product_id))
        except UnknownToProcessor:
            await answered(
                self._client.v1.products.create_async(
                    {"id": product_id, "name": pack.title, "description": pack.description}
                )
            )
        else:
            await answered(
                self._client.v1.products.update_async(
                    product_id, {"name": pack.title, "description": pack.description}
                )
            )
        prices = await answered(
            self._client.v1.prices.list_async({"lookup_keys": [pack.lookup_key], "active": True})
        )
        terms = (pack.price_minor, pack.currency)
        if any((price.unit_amount, price.currency) == terms for price in prices.data):
            return
        await answered(
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
        prices = await answered(
            self._client.v1.prices.list_async({"lookup_keys": [lookup_key], "active": True, "limit": 1})
        )
        if not prices.data:
            log.error("price is not published", lookup_key=lookup_key)
            raise PaymentProcessorUnavailable(
                f"no price {lookup_key!r} is published: run `python -m billing publish-catalogue`"
            )
        return prices.data[0].id
