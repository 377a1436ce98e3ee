"""Use case: bring one paid plan to where the payment processor says it stands.

Checkouts, webhooks, the scheduler and what people change themselves all end here: whatever is lost, comes
twice or in another order, the same is written and told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from billing.application.free_plan import FreePlan
from billing.application.publish_change import publish_change
from billing.application.tell_credits import CreditsTeller
from billing.domain.catalogue import Catalogue
from billing.domain.checkout import PaymentStatus
from billing.domain.errors import PaymentProcessorUnavailable
from billing.domain.identifiers import PaymentId, PlanId, ProcessorSubscriptionId, SubscriptionId, UserId
from billing.domain.look_schedule import next_look
from billing.domain.processor_subscription import ProcessorSubscription
from billing.domain.refund import ProcessorPayment
from billing.domain.settlement import settle_plan
from billing.domain.subscription import Subscription
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.payment_processor import PaymentProcessor
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

ASKED_MAX = 5

log = structlog.get_logger(__name__)
Payments = Mapping[PaymentId, ProcessorPayment]


@dataclass(frozen=True, kw_only=True)
class SettledSubscription:
    """What came of it. `subscription` is None for one that has not begun, and for one too many."""

    subscription: Subscription | None
    # What the user pays for already, where this is one too many.
    instead: Subscription | None = None
    # That it began was written down only now.
    is_news: bool = False


@dataclass(frozen=True)
class SettleSubscriptionHandler:
    """Mirror, credits and their facts are one transaction, and a user's plans change one after the other."""

    units: UnitsOfWork
    processor: PaymentProcessor
    catalogue: Catalogue
    credits: CreditsTeller
    free: FreePlan
    clock: Clock
    ids: IdSource

    async def __call__(self, processor_id: ProcessorSubscriptionId) -> SettledSubscription | None:
        """Settle it; None when it is none of ours.

        Asks the processor before it opens a transaction. Of two that one user pays for, the one that was
        known first stays, and the money of the other is sent back.
        """
        settled = await self._settle(processor_id)
        if settled is None or settled.instead is None or settled.instead.paid is None:
            return settled
        # What is known of the first may be old by now.
        await self._settle(settled.instead.paid.processor_id)
        settled = await self._settle(processor_id)
        if settled is not None and settled.instead is not None:
            seen = await self.processor.find_subscription(processor_id)
            log.warning("a plan was bought twice: the second is paid back", user_id=settled.instead.user_id)
            await self.processor.end_surplus(processor_id, seen.periods)
        return settled

    async def _settle(self, processor_id: ProcessorSubscriptionId) -> SettledSubscription | None:
        for _ in range(ASKED_MAX):
            async with self.units.of_system() as work:
                before = await work.subscription_of_processor(processor_id)
            seen = await self.processor.find_subscription(processor_id)
            if seen.user_id is None or seen.plan_id is None:
                return None
            payments = await self._new_payments(seen)
            async with self.units.of_system() as work:
                await work.lock_plans(seen.user_id)
                known = await work.subscription_of_processor(processor_id)
                if not _is_same(known, before):
                    # Somebody wrote meanwhile what may be newer than our answer.
                    continue
                if known is None:
                    return await self._begin(work, seen, seen.user_id, seen.plan_id, payments)
                return SettledSubscription(
                    subscription=await self._follow(work, known, seen, seen.plan_id, payments)
                )
        raise PaymentProcessorUnavailable(f"subscription {processor_id} changed each time it was asked about")

    async def _new_payments(self, seen: ProcessorSubscription) -> Payments:
        """Return payments that are not recorded yet: their money may have gone back already."""
        now = self.clock.now()
        named = {period.payment_id for period in seen.periods if period.start <= now < period.end}
        async with self.units.of_system() as work:
            new = [
                payment_id
                for payment_id in named
                if payment_id is not None and await work.purchase_of_payment(payment_id) is None
            ]
        return {payment_id: await self.processor.find_payment(payment_id) for payment_id in new}

    async def _begin(
        self,
        work: UnitOfWork,
        seen: ProcessorSubscription,
        user_id: UserId,
        plan_id: PlanId,
        payments: Payments,
    ) -> SettledSubscription:
        if not seen.is_begun or seen.ended_at is not None:
            return SettledSubscription(subscription=None)
        live = await work.live_subscription(user_id)
        if live is not None and live.paid is not None:
            await _close_checkout(work, seen, live)
            return SettledSubscription(subscription=None, instead=live)
        now = self.clock.now()
        if live is not None:
            await self.free.pause(work, live, now)
        begun = Subscription(
            subscription_id=SubscriptionId(self.ids.new("plan")),
            user_id=user_id,
            plan_id=plan_id,
            began_at=seen.began_at,
            next_allocation_at=now,
            paid=seen.terms,
        )
        await work.insert_subscription(begun)
        await _close_checkout(work, seen, begun)
        begun = await self._tell(work, begun, seen, payments)
        await publish_change(work, begun, self.catalogue.find_plan(plan_id), now, standing=begun.standing)
        return SettledSubscription(subscription=begun, is_news=True)

    async def _follow(
        self,
        work: UnitOfWork,
        known: Subscription,
        seen: ProcessorSubscription,
        plan_id: PlanId,
        payments: Payments,
    ) -> Subscription:
        if known.ended_at is not None:
            # Final, whatever an answer says that is old by now.
            return known
        now = self.clock.now()
        mirrored = known.mirrored(plan_id, seen.terms, ended_at=seen.ended_at)
        if mirrored.ended_at is not None:
            await work.save_subscription(mirrored)
            if not await self.free.resume(work, known.user_id, since=mirrored.ended_at, now=now):
                plan = self.catalogue.find_plan(plan_id)
                await publish_change(work, mirrored, plan, now, standing=mirrored.standing)
            return mirrored
        told = await self._tell(work, mirrored, seen, payments)
        if (told.plan_id, told.standing) != (known.plan_id, known.standing):
            plan = self.catalogue.find_plan(plan_id)
            await publish_change(work, told, plan, now, standing=told.standing)
        return told

    async def _tell(
        self,
        work: UnitOfWork,
        subscription: Subscription,
        seen: ProcessorSubscription,
        payments: Payments,
    ) -> Subscription:
        now = self.clock.now()
        told = await self.credits.tell(work, subscription, seen, payments, now)
        looked = told.looked_at(next_look(told, now))
        await work.save_subscription(looked)
        return looked


async def _close_checkout(work: UnitOfWork, seen: ProcessorSubscription, begun: Subscription) -> None:
    """Write that its checkout is over: the page may be unknown here, and nobody may pay another one of it."""
    checkout = await work.checkout(seen.reference, lock=True) if seen.reference else None
    if checkout is None or checkout.plan_id is None or checkout.user_id != begun.user_id:
        return
    is_paid = any(period.payment_id is not None for period in seen.periods)
    status = PaymentStatus.PAID if is_paid else PaymentStatus.NO_PAYMENT_REQUIRED
    closed = settle_plan(checkout, page_id=None, payment_status=status, subscription_id=begun.subscription_id)
    if closed != checkout:
        await work.save_checkout(closed)


def _is_same(known: Subscription | None, before: Subscription | None) -> bool:
    """Whether nothing was written but when it is looked at next."""
    if known is None or before is None:
        return known is before
    return replace(known, next_allocation_at=before.next_allocation_at) == before
