"""The part of the unit of work about subscriptions, on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from chassis.claims import first_unclaimed
from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import to_subscription
from billing.domain.identifiers import SubscriptionId, UserId
from billing.domain.subscription import Subscription

_FIXED = ("subscription_id", "user_id", "began_at")


class PostgresSubscriptions:
    """Subscriptions of one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_subscription(self, subscription: Subscription) -> bool:
        """Store a user's first subscription; False when they have, or ever had, one."""
        table = tables.subscriptions
        known = select(table.c.subscription_id).where(table.c.user_id == subscription.user_id)
        if await self._connection.scalar(known) is not None:
            return False
        # Of two that come at once the index lets one in.
        added = insert(table).values(asdict(subscription)).on_conflict_do_nothing()
        return await self._connection.scalar(added.returning(table.c.subscription_id)) is not None

    async def subscription(self, subscription_id: SubscriptionId) -> Subscription | None:
        """Return a subscription, locked until the end."""
        table = tables.subscriptions
        query = select(table).where(table.c.subscription_id == subscription_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        return to_subscription(row) if row else None

    async def save_subscription(self, subscription: Subscription) -> None:
        """Write what may change of a subscription."""
        table = tables.subscriptions
        values = {name: value for name, value in asdict(subscription).items() if name not in _FIXED}
        found = table.c.subscription_id == subscription.subscription_id
        await self._connection.execute(update(table).where(found).values(values))

    async def claim_renewals(self, *, now: datetime, until: datetime, limit: int) -> Sequence[SubscriptionId]:
        """Return subscriptions that are due for longest, skipping what others are claiming."""
        table = tables.subscriptions
        free = first_unclaimed(
            table.c.subscription_id,
            due=and_(table.c.ended_at.is_(None), table.c.next_allocation_at <= now),
            order_by=table.c.next_allocation_at,
            limit=limit,
        )
        claimed = update(table).where(free).values(next_allocation_at=until)
        found = await self._connection.scalars(claimed.returning(table.c.subscription_id))
        return [SubscriptionId(subscription_id) for subscription_id in found]

    async def next_revision(self, user_id: UserId) -> int:
        """Count one more change of a user's plan; the row is locked until the end."""
        table = tables.subscription_revisions
        added = insert(table).values(user_id=user_id, revision=1)
        counted = added.on_conflict_do_update(
            index_elements=[table.c.user_id], set_={"revision": table.c.revision + 1}
        )
        return int(await self._connection.scalar(counted.returning(table.c.revision)))
