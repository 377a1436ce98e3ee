"""Stripe's subscriptions: how they stand, and what people change of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import stripe

from billing.adapters.outbound.stripe.catalogue import StripeCatalogue
from billing.adapters.outbound.stripe.errors import answered
from billing.adapters.outbound.stripe.lists import asked_since, listing
from billing.adapters.outbound.stripe.subscription_answers import (
    SURPLUS,
    next_phase,
    plan_of,
    product_of,
    seen_invoice,
    seen_invoice_payment,
    seen_listed,
    seen_subscription,
    subscription_of,
)
from billing.domain.errors import PaymentDeclined, PaymentProcessorRefused, UnknownToProcessor
from billing.domain.identifiers import CustomerId, InvoiceId, ProcessorSubscriptionId, RequestId
from billing.domain.listing import Listing
from billing.domain.plan import Plan, PlanPrice
from billing.domain.processor_payment import ListedInvoicePayment
from billing.domain.processor_subscription import (
    Invoice,
    ListedSubscription,
    PaidPeriod,
    ProcessorSubscription,
)
from billing.domain.standing import BillingInterval
from billing.domain.subscription import ScheduledChange

# Of one subscription; what is older covers nothing any more.
INVOICES_MAX = 100
PRICES_KEPT_MAX = 1_000


class StripeSubscriptions:
    """Billing in Stripe. Every write carries an idempotency key made of what was asked for."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client
        self._catalogue = StripeCatalogue(client)
        # What a price is of and how often it is paid never changes.
        self._prices: dict[str, stripe.Price] = {}

    async def find_subscription(self, processor_id: ProcessorSubscriptionId) -> ProcessorSubscription:
        """Read a subscription, its schedule and its paid invoices."""
        subscription = await self._retrieve(processor_id)
        asked: Any = {
            "subscription": processor_id,
            "status": "paid",
            "limit": INVOICES_MAX,
            "expand": ["data.payments"],
        }
        invoices = await answered(self._client.v1.invoices.list_async(asked))
        return seen_subscription(subscription, invoices.data, await self._scheduled(subscription))

    async def subscription_of_invoice(self, invoice_id: InvoiceId) -> ProcessorSubscriptionId | None:
        """Read an invoice's parent."""
        return subscription_of(await answered(self._client.v1.invoices.retrieve_async(invoice_id)))

    async def change_now(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Put the item on another price; the difference is charged at once, or nothing happens."""
        price_id = await self._on_sale(price)
        subscription = await self._retrieve(processor_id)
        await self._release(subscription, request_id)
        asked: Any = {
            "items": [{"id": subscription["items"].data[0].id, "price": price_id}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        }
        if subscription.cancel_at is not None:
            asked["cancel_at_period_end"] = False
        try:
            await self._update(processor_id, asked, f"change:{request_id}")
        except PaymentProcessorRefused as refused:
            cause = refused.__cause__
            # Without a payment method nothing is declined, and nothing can be paid either.
            if isinstance(cause, stripe.CardError) or isinstance(refused, UnknownToProcessor):
                raise PaymentDeclined(
                    "your payment method was declined: change it in the billing portal, and try again"
                ) from refused
            raise

    async def change_later(
        self, processor_id: ProcessorSubscriptionId, plan: Plan, price: PlanPrice, *, request_id: RequestId
    ) -> None:
        """Have a schedule with two phases: until the period ends, and from then on."""
        price_id = await self._on_sale(price)
        subscription = await self._retrieve(processor_id)
        if subscription.cancel_at is not None and subscription.schedule is None:
            await self._update(processor_id, {"cancel_at_period_end": False}, f"keep:{request_id}")
        schedules = self._client.v1.subscription_schedules
        schedule = subscription.schedule
        if not isinstance(schedule, stripe.SubscriptionSchedule):
            made: Any = {"from_subscription": processor_id}
            schedule = await answered(
                schedules.create_async(made, {"idempotency_key": f"schedule:{processor_id}:{request_id}"})
            )
        item = subscription["items"].data[0]
        phase = schedule.current_phase
        phases: Any = {
            "end_behavior": "release",
            "phases": [
                {
                    "items": [{"price": item.price.id, "quantity": item.quantity or 1}],
                    "start_date": phase.start_date if phase else item.current_period_start,
                    "end_date": item.current_period_end,
                },
                {
                    "items": [{"price": price_id, "quantity": 1}],
                    "duration": {"interval": price.interval.value, "interval_count": 1},
                },
            ],
        }
        await answered(
            schedules.update_async(
                schedule.id, phases, {"idempotency_key": f"phases:{processor_id}:{request_id}"}
            )
        )

    async def cancel_later(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """Have it end with its period."""
        await self._release(await self._retrieve(processor_id), request_id)
        await self._update(processor_id, {"cancel_at_period_end": True}, f"cancel:{request_id}")

    async def keep(self, processor_id: ProcessorSubscriptionId, *, request_id: RequestId) -> None:
        """Take back its end, its schedule and its pause."""
        subscription = await self._retrieve(processor_id)
        await self._release(subscription, request_id)
        if subscription.cancel_at is not None:
            await self._update(processor_id, {"cancel_at_period_end": False}, f"keep:{request_id}")
        if subscription.pause_collection is not None:
            await self._update(processor_id, {"pause_collection": ""}, f"unpause:{request_id}")
        if subscription.status == "paused":
            asked: Any = {"billing_cycle_anchor": "now"}
            key = f"resume:{processor_id}:{request_id}"
            resumed = self._client.v1.subscriptions.resume_async(
                processor_id, asked, {"idempotency_key": key}
            )
            await answered(resumed)

    async def end_surplus(self, processor_id: ProcessorSubscriptionId, periods: Sequence[PaidPeriod]) -> None:
        """Mark and refund its invoices, then cancel it: repeated after a crash, each does nothing twice."""
        payments = {period.invoice_id: period.payment_id for period in periods}
        for invoice_id, payment_id in payments.items():
            mark: Any = {"metadata": {SURPLUS: "yes"}}
            key = f"surplus:{invoice_id}"
            await answered(
                self._client.v1.invoices.update_async(invoice_id, mark, {"idempotency_key": f"{key}:mark"})
            )
            if payment_id is not None:
                await self._refund(payment_id, key)
        cancelled = self._client.v1.subscriptions.cancel_async(
            processor_id, {}, {"idempotency_key": f"surplus:{processor_id}"}
        )
        try:
            await answered(cancelled)
        except UnknownToProcessor:
            # It has ended: Stripe finds only what can still be cancelled.
            return

    async def _refund(self, payment_id: str, key: str) -> None:
        asked: Any = {"payment_intent": payment_id, "reason": "duplicate"}
        try:
            await answered(self._client.v1.refunds.create_async(asked, {"idempotency_key": key}))
        except PaymentProcessorRefused as refused:
            if getattr(refused.__cause__, "code", None) != "charge_already_refunded":
                raise

    async def list_invoice_payments(
        self, *, since: datetime, after: str | None
    ) -> Listing[ListedInvoicePayment]:
        """Read one page of the list of paid invoices: those that are subscriptions'."""
        asked = asked_since(since, after, "payments") | {"status": "paid"}
        return listing(await answered(self._client.v1.invoices.list_async(asked)), seen_invoice_payment)

    async def list_subscriptions(self, *, since: datetime, after: str | None) -> Listing[ListedSubscription]:
        """Read one page of the list of subscriptions; the ended ones come only when all are asked for."""
        asked = asked_since(since, after) | {"status": "all"}
        return listing(await answered(self._client.v1.subscriptions.list_async(asked)), seen_listed)

    async def list_invoices(
        self, customer_id: CustomerId, *, after: str | None, limit: int
    ) -> Listing[Invoice]:
        """Read one page of a customer's invoices."""
        asked: Any = {"customer": customer_id, "limit": limit}
        page = await answered(
            self._client.v1.invoices.list_async(asked | ({"starting_after": after} if after else {}))
        )
        return listing(page, seen_invoice)

    async def _retrieve(self, processor_id: ProcessorSubscriptionId) -> stripe.Subscription:
        asked: Any = {"expand": ["schedule"]}
        return await answered(self._client.v1.subscriptions.retrieve_async(processor_id, asked))

    async def _update(self, processor_id: ProcessorSubscriptionId, asked: Any, key: str) -> None:
        options: Any = {"idempotency_key": f"{processor_id}:{key}"}
        await answered(self._client.v1.subscriptions.update_async(processor_id, asked, options))

    async def _release(self, subscription: stripe.Subscription, request_id: RequestId) -> None:
        schedule = subscription.schedule
        if isinstance(schedule, stripe.SubscriptionSchedule):
            options: Any = {"idempotency_key": f"release:{schedule.id}:{request_id}"}
            await answered(self._client.v1.subscription_schedules.release_async(schedule.id, {}, options))

    async def _scheduled(self, subscription: stripe.Subscription) -> ScheduledChange | None:
        """Return what the next phase makes of it, if that is another plan or interval of ours."""
        phase = next_phase(subscription.schedule)
        if phase is None:
            return None
        named = phase["items"][0].price
        price = await self._price(named if isinstance(named, str) else named.id)
        plan_id = plan_of(product_of(price))
        if plan_id is None or price.recurring is None or price.id == subscription["items"].data[0].price.id:
            return None
        return ScheduledChange(
            plan_id=plan_id,
            interval=BillingInterval(price.recurring.interval),
            at=datetime.fromtimestamp(phase.start_date, UTC),
        )

    async def _price(self, price_id: str) -> stripe.Price:
        if price_id not in self._prices:
            if len(self._prices) >= PRICES_KEPT_MAX:
                self._prices.clear()
            self._prices[price_id] = await answered(self._client.v1.prices.retrieve_async(price_id))
        return self._prices[price_id]

    async def _on_sale(self, price: PlanPrice) -> str:
        return await self._catalogue.price_on_sale(
            price.price_name, price_minor=price.price_minor, currency=price.currency
        )
