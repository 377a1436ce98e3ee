"""Stripe as the payment processor."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import stripe

from billing.adapters.outbound.stripe.answers import (
    order_of,
    seen_checkout,
    seen_dispute,
    seen_paid_session,
    seen_payment,
    seen_refund,
    to_refund,
)
from billing.adapters.outbound.stripe.errors import answered, cannot_sell
from billing.adapters.outbound.stripe.lists import asked_since, listing
from billing.adapters.outbound.stripe.pages import EXPANDED, PageOptions
from billing.adapters.outbound.stripe.portal import StripePortal
from billing.adapters.outbound.stripe.saved_methods import PAGELESS, StripeSavedMethods
from billing.adapters.outbound.stripe.subscriptions import StripeSubscriptions
from billing.domain.checkout import Checkout
from billing.domain.dispute import ProcessorDispute
from billing.domain.errors import CustomerUnknownToProcessor, PaymentProcessorRefused, UnknownToProcessor
from billing.domain.identifiers import CustomerId, DisputeId, PageId, PaymentId, RequestId, UserId
from billing.domain.listing import Listing
from billing.domain.pack import CatalogueChange, Pack
from billing.domain.plan import Plan
from billing.domain.processor_payment import ListedPayment
from billing.domain.processor_price import ProcessorPrice
from billing.domain.refund import ListedRefund, ProcessorPayment, Refund
from billing.domain.refund_order import RefundOrder
from billing.domain.settlement import ProcessorCheckout

API_VERSION = "2026-10-28.endive"
TIMEOUT_S = 20.0
RETRIES_MAX = 2
REFUND_PAGE, REFUND_PAGES_MAX = 100, 10


class StripeProcessor(StripeSubscriptions, StripeSavedMethods):
    """Hosted Checkout, Billing, and payments without a page.

    Every write carries an idempotency key made of our own ids.
    """

    sells_plans = True

    def __init__(self, *, secret_key: str, api_url: str | None, **options: Any) -> None:
        """Pages offer and ask for what `options` say: those of PageOptions."""
        self._options = PageOptions(**options)
        # The SDK sends no addresses of its own when none are given: then it is the real Stripe.
        addresses: Any = {"base_addresses": {"api": api_url}} if api_url else {}
        client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            max_network_retries=RETRIES_MAX,
            http_client=stripe.HTTPXClient(timeout=TIMEOUT_S),
            **addresses,
        )
        super().__init__(client)
        self._portal = StripePortal(client, self._catalogue)

    async def open_customer(
        self, *, user_id: UserId, email: str, instead_of: CustomerId | None
    ) -> CustomerId:
        """Create the customer of a user; a repeated call gets the same one while Stripe keeps the key.

        The address follows in a call of its own: it may change between two tries, and a key stands for one
        request.
        """
        customers = self._client.v1.customers
        customer = await answered(
            customers.create_async(
                {"metadata": {"user_id": user_id}},
                {"idempotency_key": f"customer:{user_id}:{instead_of or 'first'}"},
            )
        )
        await answered(customers.update_async(customer.id, {"email": email}))
        return CustomerId(customer.id)

    async def forget_customer(self, customer_id: CustomerId) -> None:
        """Delete a customer, with the cards that they keep; Stripe ends their subscriptions with it."""
        try:
            await answered(self._client.v1.customers.delete_async(customer_id))
        except UnknownToProcessor:
            return

    async def open_checkout(
        self,
        checkout: Checkout,
        *,
        price_name: str,
        customer_id: CustomerId,
        success_url: str,
        cancel_url: str,
        trial_days: int = 0,
    ) -> ProcessorCheckout:
        """Open a session for one pack or plan at its published price."""
        price_id = await self._catalogue.price_on_sale(
            price_name, price_minor=checkout.price_minor, currency=checkout.currency
        )
        asked: Any = self._options.asked(
            checkout,
            price_id=price_id,
            customer_id=customer_id,
            success_url=success_url,
            cancel_url=cancel_url,
            trial_days=trial_days,
        )
        # Another price or customer is another request, which a key that was used before would refuse.
        request = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
        key = f"checkout:{checkout.checkout_id}:{checkout.page}:{request}"
        sessions = self._client.v1.checkout.sessions
        try:
            return seen_checkout(await answered(sessions.create_async(asked, {"idempotency_key": key})))
        except UnknownToProcessor as unknown:
            if unknown.details.get("param") == "customer":
                raise CustomerUnknownToProcessor(
                    f"the payment processor does not know {customer_id}"
                ) from unknown
            raise cannot_sell(unknown) from unknown
        except PaymentProcessorRefused as refused:
            # All that was asked for is ours: no buyer can mend it.
            raise cannot_sell(refused) from refused

    async def find_checkout(self, page_id: PageId) -> ProcessorCheckout:
        """Read a session as it stands now, with its lines and its payment."""
        asked: Any = {"expand": EXPANDED}
        sessions = self._client.v1.checkout.sessions
        return seen_checkout(await answered(sessions.retrieve_async(page_id, asked)))

    async def find_payment(self, payment_id: PaymentId) -> ProcessorPayment:
        """Read a payment and all its refunds."""
        intent = await answered(self._client.v1.payment_intents.retrieve_async(payment_id))
        return seen_payment(intent, await self._refunds_of(payment_id))

    async def refund_payment(self, order: RefundOrder) -> Refund:
        """Create an order's refund, or return the one that it has: Stripe forgets keys within days."""
        for known in await self._refunds_of(order.payment_id):
            if order_of(known) == order.order_id:
                return to_refund(known)
        asked: Any = {
            "payment_intent": order.payment_id,
            "amount": order.amount_minor,
            "reason": "requested_by_customer",
            "metadata": {
                "refund_order_id": order.order_id,
                "purchase_id": order.purchase_id,
                "reason": order.reason,
                "actor": order.actor,
            },
        }
        key = f"refund:{order.order_id}"
        refunds = self._client.v1.refunds
        return to_refund(await answered(refunds.create_async(asked, {"idempotency_key": key})))

    async def _refunds_of(self, payment_id: PaymentId) -> list[stripe.Refund]:
        refunds: list[stripe.Refund] = []
        for _ in range(REFUND_PAGES_MAX):
            asked: Any = {"payment_intent": payment_id, "limit": REFUND_PAGE}
            if refunds:
                asked["starting_after"] = refunds[-1].id
            page = await answered(self._client.v1.refunds.list_async(asked))
            refunds += page.data
            if not page.has_more:
                return refunds
        raise PaymentProcessorRefused(f"payment {payment_id} has more than {len(refunds)} refunds")

    async def find_dispute(self, dispute_id: DisputeId) -> ProcessorDispute:
        """Read a dispute, with the payment that it is about."""
        asked: Any = {"expand": ["payment_intent"]}
        return seen_dispute(await answered(self._client.v1.disputes.retrieve_async(dispute_id, asked)))

    async def list_refunds(self, *, since: datetime, after: str | None) -> Listing[ListedRefund]:
        """Read one page of the list of refunds."""
        page = await answered(self._client.v1.refunds.list_async(asked_since(since, after, "payment_intent")))
        return listing(page, seen_refund)

    async def list_disputes(self, *, since: datetime, after: str | None) -> Listing[ProcessorDispute]:
        """Read one page of the list of disputes."""
        page = await answered(
            self._client.v1.disputes.list_async(asked_since(since, after, "payment_intent"))
        )
        return listing(page, seen_dispute)

    async def list_payments(self, *, since: datetime, after: str | None) -> Listing[ListedPayment]:
        """Read one page of the list of checkout sessions, each paid one a payment; then of those without."""
        if after is not None and after.startswith(PAGELESS):
            return await self.list_pageless_payments(since=since, after=after)
        asked = asked_since(since, after, "payment_intent.latest_charge") | {"status": "complete"}
        page = listing(await answered(self._client.v1.checkout.sessions.list_async(asked)), seen_paid_session)
        if page.next_after:
            return page
        others = await self.list_pageless_payments(since=since, after=PAGELESS)
        return Listing(items=[*page.items, *others.items], next_after=others.next_after)

    async def prices_of(self, price_names: Collection[str]) -> Mapping[str, ProcessorPrice]:
        """Read the prices that have these lookup keys now."""
        return await self._catalogue.prices_of(price_names)

    async def publish(self, pack: Pack) -> Sequence[CatalogueChange]:
        """Have the pack's product and price on sale."""
        return await self._catalogue.publish(pack)

    async def publish_plan(self, plan: Plan) -> Sequence[CatalogueChange]:
        """Have the plan's product and its recurring prices on sale."""
        return await self._catalogue.publish_plan(plan)

    async def open_portal(
        self, customer_id: CustomerId, *, plans: Sequence[Plan], return_url: str, request_id: RequestId
    ) -> str:
        """Open the billing portal."""
        return await self._portal.open(customer_id, plans=plans, return_url=return_url, request_id=request_id)
