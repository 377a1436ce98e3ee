"""The part of billing in memory about plans: who has which, their changes and invoices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.adapters.outbound.memory.billing_state import MemoryBillingState
from gateway.adapters.outbound.memory.catalogue import FREE, ON_SALE
from gateway.adapters.outbound.memory.newest_first import newest_first
from gateway.domain.errors import Conflict, NotFound
from gateway.domain.identifiers import CheckoutId, InvoiceId, PlanId, SubscriptionId, UserId
from gateway.domain.invoice import Invoice, InvoiceStatus
from gateway.domain.page import Page
from gateway.domain.price import Price
from gateway.domain.purchase import CheckoutStatus, PaymentStatus
from gateway.domain.subscription import BillingInterval, Plan, ScheduledChange, Subscription


class MemorySubscriptions(MemoryBillingState):
    """Plans of everybody; a payment method is good until a test declines it."""

    async def plans(self) -> Sequence[Plan]:
        """See Billing."""
        return [
            replace(
                plan,
                prices=tuple(self.shown(f"{plan.plan_id}:{price.interval}", price) for price in plan.prices),
            )
            for plan in self.offered
        ]

    async def subscription(self, user_id: UserId) -> Subscription:
        """See Billing."""
        if user_id not in self.subscriptions:
            raise NotFound("you have no plan", reason="SUBSCRIPTION_NOT_FOUND")
        return self.subscriptions[user_id]

    def subscribe(self, user_id: UserId, plan: Plan = FREE) -> None:
        """Give somebody a plan, the free one as a registration does."""
        now = self.clock.now()
        self.subscriptions[user_id] = Subscription(
            subscription_id=SubscriptionId(f"plan_{user_id}"),
            plan_id=plan.plan_id,
            plan=plan,
            began_at=now,
            period_start=now,
            period_end=now + timedelta(days=30),
            entitlements=plan.entitlements,
            next_allocation_at=now + timedelta(days=30),
        )

    def begin(self, checkout_id: CheckoutId) -> None:
        """Pay for a plan, as on the processor's page."""
        user_id, checkout = self.checkouts[checkout_id]
        plan, price = ON_SALE[checkout.plan_id, checkout.interval]
        now = self.clock.now()
        days = 365 if price.interval is BillingInterval.YEAR else 30
        begun = Subscription(
            subscription_id=SubscriptionId(f"plan_{checkout.checkout_id}"),
            plan_id=plan.plan_id,
            plan=plan,
            began_at=now,
            period_start=now,
            period_end=now + timedelta(days=30),
            entitlements=plan.entitlements,
            interval=price.interval,
            price_minor=price.price_minor,
            currency=price.currency,
            paid_period_start=now,
            paid_period_end=now + timedelta(days=days),
            next_allocation_at=now + timedelta(days=30),
        )
        self.subscriptions[user_id] = begun
        invoices = self.made_out.setdefault(user_id, [])
        number = len(invoices) + 1
        invoices.append(
            Invoice(
                invoice_id=InvoiceId(f"in_{user_id}_{number}"),
                number=f"N-{number:04}",
                total_minor=price.price_minor,
                currency=price.currency,
                status=InvoiceStatus.PAID,
                created_at=now,
                page_url=f"https://checkout.example/i/{number}",
                pdf_url=f"https://checkout.example/i/{number}/pdf",
            )
        )
        self.checkouts[checkout.checkout_id] = (
            user_id,
            replace(
                checkout,
                status=CheckoutStatus.COMPLETE,
                payment_status=PaymentStatus.PAID,
                url=None,
                subscription_id=begun.subscription_id,
            ),
        )

    async def change_subscription(
        self,
        user_id: UserId,
        *,
        plan_id: PlanId,
        interval: BillingInterval,
        expected_price: Price | None = None,
        idempotency_key: str,
    ) -> Subscription:
        """See Billing."""
        if (plan_id, interval) not in ON_SALE:
            raise NotFound("There is no such plan.", reason="UNKNOWN_PLAN")
        mine = await self._paid_plan(user_id)
        plan, price = ON_SALE[plan_id, interval]
        self.require_price(f"{plan_id}:{interval}", price, expected_price)
        if mine.paid_period_end and not mine.changes_at_once(plan, interval):
            change = ScheduledChange(plan_id=plan_id, interval=interval, at=mine.paid_period_end)
            return self._changed(user_id, scheduled_change=change, cancels_at=None)
        if user_id in self.declined:
            raise Conflict("The payment method was declined.", reason="PAYMENT_DECLINED")
        return self._changed(
            user_id,
            plan_id=plan_id,
            plan=plan,
            entitlements=plan.entitlements,
            interval=interval,
            price_minor=price.price_minor,
            scheduled_change=None,
            cancels_at=None,
        )

    async def cancel_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        mine = await self._paid_plan(user_id)
        return self._changed(user_id, cancels_at=mine.paid_period_end, scheduled_change=None)

    async def resume_subscription(self, user_id: UserId, *, idempotency_key: str) -> Subscription:
        """See Billing."""
        await self._paid_plan(user_id)
        return self._changed(user_id, cancels_at=None, scheduled_change=None)

    async def _paid_plan(self, user_id: UserId) -> Subscription:
        mine = await self.subscription(user_id)
        if mine.interval is None:
            raise Conflict("You pay for no plan.", reason="PLAN_IS_FREE")
        return mine

    def _changed(self, user_id: UserId, **changes: Any) -> Subscription:
        self.subscriptions[user_id] = replace(self.subscriptions[user_id], **changes)
        return self.subscriptions[user_id]

    async def open_portal(self, *, user_id: UserId, email: str, return_url: str, idempotency_key: str) -> str:
        """See Billing."""
        self.return_urls.append((return_url, return_url))
        return f"https://checkout.example/portal/{user_id}"

    async def invoices(self, user_id: UserId, *, cursor: str | None, limit: int) -> Page[Invoice]:
        """See Billing."""
        return newest_first(self.made_out.get(user_id, []), cursor=cursor, limit=limit)
