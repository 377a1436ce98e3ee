"""The part of the unit of work about subscriptions, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.adapters.outbound.memory.store import MemoryBilling
from billing.domain.identifiers import SubscriptionId, UserId
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

    async def next_revision(self, user_id: UserId) -> int:
        """Count one more change of a user's plan."""
        revision = self._billing.revisions.get(user_id, 0) + 1
        self._billing.revisions[user_id] = revision
        return revision
