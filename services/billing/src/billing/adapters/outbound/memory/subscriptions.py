"""The part of the unit of work about subscriptions, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.constraints import check_allocation, check_subscription
from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.allocation import Allocation
from billing.domain.identifiers import PlanId, ProcessorSubscriptionId, SubscriptionId, UserId
from billing.domain.subscription import Subscription


class MemorySubscriptions:
    """Subscriptions of one open transaction."""

    def __init__(self, billing: MemoryBilling) -> None:
        self._billing = billing

    async def add_subscription(self, subscription: Subscription) -> bool:
        """Store a user's first subscription; False when they have, or ever had, one."""
        if any(known.user_id == subscription.user_id for known in self._billing.subscriptions.values()):
            return False
        self._billing.subscriptions[subscription.subscription_id] = subscription
        return True

    async def subscription(self, subscription_id: SubscriptionId) -> Subscription | None:
        """Return a subscription."""
        return self._billing.subscriptions.get(subscription_id)

    async def save_subscription(self, subscription: Subscription) -> None:
        """Write a subscription."""
        check_subscription(self._billing, subscription)
        self._billing.subscriptions[subscription.subscription_id] = subscription

    async def claim_renewals(self, *, now: datetime, until: datetime, limit: int) -> Sequence[SubscriptionId]:
        """Return subscriptions that are due for longest."""
        due = [
            known
            for known in self._billing.subscriptions.values()
            if known.ended_at is None and known.next_allocation_at <= now
        ]
        due.sort(key=lambda known: known.next_allocation_at)
        for known in due[:limit]:
            await self.save_subscription(replace(known, next_allocation_at=until))
        return [known.subscription_id for known in due[:limit]]

    async def lock_plans(self, user_id: UserId) -> None:
        """Do nothing: transactions take turns."""

    async def live_subscription(self, user_id: UserId) -> Subscription | None:
        """Return a user's subscription that has not ended."""
        return next((known for known in self._of(user_id) if known.ended_at is None), None)

    async def free_subscription(self, user_id: UserId) -> Subscription | None:
        """Return a user's last free subscription, ended or not."""
        free = [known for known in self._of(user_id) if known.paid is None]
        return max(free, key=lambda known: known.began_at, default=None)

    async def subscription_of_processor(self, processor_id: ProcessorSubscriptionId) -> Subscription | None:
        """Return a subscription by the processor's id, ended or not."""
        known = self._billing.subscriptions.values()
        paid = (found for found in known if found.paid and found.paid.processor_id == processor_id)
        return next(paid, None)

    async def recorded_subscriptions(
        self, processor_ids: Sequence[ProcessorSubscriptionId]
    ) -> Mapping[ProcessorSubscriptionId, Subscription]:
        """Return those of these subscriptions of the processor that are recorded, ended or not."""
        paid = {
            known.paid.processor_id: known for known in self._billing.subscriptions.values() if known.paid
        }
        return {processor_id: paid[processor_id] for processor_id in processor_ids if processor_id in paid}

    async def has_paid_plan(self, user_id: UserId) -> bool:
        """Return whether a user has, or ever had, a plan that is paid."""
        return any(known.paid is not None for known in self._of(user_id))

    async def insert_subscription(self, subscription: Subscription) -> None:
        """Store a subscription."""
        check_subscription(self._billing, subscription)
        self._billing.subscriptions[subscription.subscription_id] = subscription

    def _of(self, user_id: UserId) -> list[Subscription]:
        return [known for known in self._billing.subscriptions.values() if known.user_id == user_id]

    async def allocations(self, subscription_id: SubscriptionId, *, since: datetime) -> Sequence[Allocation]:
        """Return what was told of a paid plan's credits that begin at a moment or later."""
        return [
            allocation
            for (owner, start), allocation in self._billing.allocations.items()
            if owner == subscription_id and start >= since
        ]

    async def add_allocation(self, allocation: Allocation) -> None:
        """Store that credits of a paid plan are told."""
        check_allocation(self._billing, allocation)
        self._billing.allocations[allocation.subscription_id, allocation.span.start] = allocation

    async def next_revision(self, user_id: UserId, *, opened: Sequence[str]) -> int:
        """Count one more change of a user's plan."""
        revision = self._billing.revisions.get(user_id, 0) + 1
        self._billing.revisions[user_id] = revision
        self._billing.opened[user_id] = tuple(opened)
        return revision

    async def told_entitlements(self, user_id: UserId) -> tuple[str, ...] | None:
        """Return what a user's plan was told to open last."""
        return self._billing.opened.get(user_id)

    async def told_otherwise(
        self, opened: Mapping[PlanId, Sequence[str]], *, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Return users whose plan opens by now something else than was told last."""
        found = [
            known.user_id
            for known in self._billing.subscriptions.values()
            if known.plan_id in opened
            and known.standing.opens
            and self._billing.opened.get(known.user_id) != tuple(opened[known.plan_id])
        ]
        return [user_id for user_id in sorted(found) if after is None or user_id > after][:limit]
