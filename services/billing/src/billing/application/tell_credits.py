"""A step of settling a paid plan: tell of the credits that its invoices have come to pay for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from billing.application.reward_referrals import note_payment
from billing.domain.allocation import Allocation, DueCredits, due_credits
from billing.domain.catalogue import Catalogue
from billing.domain.checkout import Purchase
from billing.domain.events import AllocationRaised, SubscriptionRenewed
from billing.domain.identifiers import InvoiceId, PackId, PaymentId, PurchaseId
from billing.domain.processor_subscription import ProcessorSubscription
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund import ProcessorPayment
from billing.domain.refund_total import count_refunds
from billing.domain.standing import SubscriptionStatus
from billing.domain.subscription import Subscription
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitOfWork

Payments = Mapping[PaymentId, ProcessorPayment]


@dataclass(frozen=True)
class CreditsTeller:
    """Writes each allocation down in the transaction that tells it: once, however many look at it."""

    catalogue: Catalogue
    ids: IdSource

    async def tell(
        self,
        work: UnitOfWork,
        subscription: Subscription,
        seen: ProcessorSubscription,
        payments: Payments,
        now: datetime,
    ) -> Subscription:
        """Tell what is due and not told; return the subscription with its last month."""
        if seen.terms.status is SubscriptionStatus.PAUSED:
            return subscription
        due = due_credits(
            seen.periods,
            anchor=seen.terms.anchor,
            now=now,
            credits_of={plan.plan_id: plan.credits for plan in self.catalogue.plans},
            kept=await self._kept(work, seen),
        )
        if not due:
            return subscription
        before = await work.allocations(subscription.subscription_id, since=due[0].span.start)
        told = {allocation.span.start for allocation in before}
        for owed in due:
            if owed.span.start not in told:
                await self._tell(work, subscription, owed, payments, now)
        starts = [owed.span.start for owed in due if not owed.is_raise]
        latest = max([*starts, subscription.allocated_from or subscription.began_at])
        return replace(subscription, allocated_from=latest) if starts else subscription

    async def _kept(self, work: UnitOfWork, seen: ProcessorSubscription) -> dict[InvoiceId, Fraction]:
        """Return which part of each recorded invoice's money did not go back."""
        kept: dict[InvoiceId, Fraction] = {}
        for period in seen.periods:
            if period.payment_id is None or period.invoice_id in kept:
                continue
            standing = await work.standing_of_payment(period.payment_id)
            if standing is not None:
                kept[period.invoice_id] = _part_kept(standing)
        return kept

    async def _tell(
        self,
        work: UnitOfWork,
        subscription: Subscription,
        owed: DueCredits,
        payments: Payments,
        now: datetime,
    ) -> None:
        period = owed.paid_by
        allocation = Allocation(
            subscription_id=subscription.subscription_id,
            user_id=subscription.user_id,
            plan_id=owed.plan_id,
            span=owed.span,
            credits=owed.credits,
            is_raise=owed.is_raise,
            invoice_id=period.invoice_id,
        )
        await work.add_allocation(allocation)
        purchase = await self._purchase(work, subscription, owed, now)
        payment_id = purchase.payment_id if purchase else None
        # A change of the plan since says nothing of the month that was paid before it.
        of_plan = replace(subscription, plan_id=owed.plan_id)
        if owed.is_raise:
            await work.publish(
                AllocationRaised(
                    subscription=of_plan,
                    span=owed.span,
                    credits=owed.credits,
                    occurred_at=now,
                    invoice_id=period.invoice_id,
                    payment_id=payment_id,
                )
            )
        else:
            await work.publish(
                SubscriptionRenewed(
                    subscription=of_plan,
                    month=owed.span,
                    credits=owed.credits,
                    occurred_at=now,
                    invoice_id=period.invoice_id,
                    payment_id=payment_id,
                )
            )
        if purchase is not None and (seen := payments.get(purchase.payment_id)) is not None:
            counted, facts = count_refunds(purchase, seen.refunds, now=now)
            await work.save_refunds(counted, seen.refunds)
            for fact in facts:
                await work.publish(fact)

    async def _purchase(
        self, work: UnitOfWork, subscription: Subscription, owed: DueCredits, now: datetime
    ) -> Purchase | None:
        """Record the payment with the first credits that came of it; None when it was before, or is none."""
        period = owed.paid_by
        if period.payment_id is None:
            return None
        plan = self.catalogue.find_plan(owed.plan_id)
        purchase = Purchase(
            purchase_id=PurchaseId(self.ids.new("pay")),
            user_id=subscription.user_id,
            checkout_id=None,
            pack_id=PackId(owed.plan_id),
            pack_title=plan.title if plan else owed.plan_id,
            credits=owed.credits,
            amount_minor=period.amount_minor,
            currency=period.currency,
            payment_id=period.payment_id,
            created_at=now,
            invoice_id=period.invoice_id,
        )
        if not await work.add_purchase(purchase):
            return None
        await note_payment(work, purchase, now)
        return purchase


def _part_kept(standing: PurchaseStanding) -> Fraction:
    amount_minor = standing.purchase.amount_minor
    gone_minor = standing.purchase.refunded_minor + standing.disputed_minor
    return Fraction(max(0, amount_minor - gone_minor), amount_minor) if amount_minor else Fraction(1)
