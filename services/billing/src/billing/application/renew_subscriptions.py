"""Use case: tell of the credits of every plan's month that began.

Nobody else does: for a free plan no payment comes, and for a year's plan one in twelve months.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from billing.domain.catalogue import Catalogue
from billing.domain.events import SubscriptionRenewed
from billing.domain.identifiers import ProcessorSubscriptionId, SubscriptionId
from billing.domain.plan import Plan
from billing.domain.subscription import Subscription
from billing.ports.clock import Clock
from billing.ports.unit_of_work import UnitOfWork, UnitsOfWork

BATCH_MAX = 100
SIDE_BY_SIDE_MAX = 8
# Whoever took one and died leaves it to the others after this; so long rests one that can't be renewed.
_LEASE, _REST = timedelta(minutes=1), timedelta(hours=1)

log = structlog.get_logger(__name__)


async def allocate(work: UnitOfWork, subscription: Subscription, plan: Plan, now: datetime) -> bool:
    """Tell of the month that is due, and write it down; False when none is.

    Both are one transaction: it is told once, however many look at it, and whenever they die.
    """
    month = subscription.due_month(now)
    if month is None:
        return False
    await work.save_subscription(subscription.allocated(month))
    await work.publish(
        SubscriptionRenewed(subscription=subscription, month=month, credits=plan.credits, occurred_at=now)
    )
    return True


@dataclass(frozen=True)
class RenewSubscriptionsHandler:
    """Several may run: nobody takes what another is taking. One that fails keeps the others from nothing."""

    units: UnitsOfWork
    catalogue: Catalogue
    # Brings a paid plan to where the payment processor says it stands.
    settle: Callable[[ProcessorSubscriptionId], Awaitable[object]]
    clock: Clock

    async def __call__(self) -> int:
        """Renew one batch of those that are due; return how many were due."""
        now = self.clock.now()
        async with self.units.of_system() as work:
            due = await work.claim_renewals(now=now, until=now + _LEASE, limit=BATCH_MAX)
        slots = asyncio.Semaphore(SIDE_BY_SIDE_MAX)

        async def renew(subscription_id: SubscriptionId) -> None:
            async with slots:
                try:
                    await self._renew(subscription_id)
                except Exception as failure:  # noqa: BLE001 - whatever it is: the lease brings it back
                    log.warning(
                        "a plan can't be renewed", subscription_id=subscription_id, error=repr(failure)
                    )

        await asyncio.gather(*(renew(subscription_id) for subscription_id in due))
        return len(due)

    async def _renew(self, subscription_id: SubscriptionId) -> None:
        now = self.clock.now()
        async with self.units.of_system() as work:
            subscription = await work.subscription(subscription_id)
            if subscription is None or subscription.ended_at is not None:
                return
            if subscription.paid is None:
                await self._renew_free(work, subscription, now)
                return
        await self.settle(subscription.paid.processor_id)

    async def _renew_free(self, work: UnitOfWork, subscription: Subscription, now: datetime) -> None:
        plan = self.catalogue.find_plan(subscription.plan_id)
        if plan is None:
            # It stays until an operator mends the catalogue: then the month that it is by then is told.
            log.error(
                "the catalogue does not have a plan that is to be renewed",
                subscription_id=subscription.subscription_id,
                plan_id=subscription.plan_id,
            )
            await work.save_subscription(replace(subscription, next_allocation_at=now + _REST))
            return
        if not await allocate(work, subscription, plan, now):
            month = subscription.month(now)
            await work.save_subscription(replace(subscription, next_allocation_at=month.end))
