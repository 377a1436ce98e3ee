"""The part of the unit of work about subscriptions, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.claims import first_unclaimed
from sqlalchemy import ARRAY, Select, Text, and_, case, cast, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.subscription_rows import (
    from_allocation,
    from_subscription,
    to_allocation,
    to_subscription,
)
from billing.domain.allocation import Allocation
from billing.domain.identifiers import PlanId, ProcessorSubscriptionId, SubscriptionId, UserId
from billing.domain.standing import SubscriptionStatus
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
        added = insert(table).values(from_subscription(subscription)).on_conflict_do_nothing()
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
        values = {
            name: value for name, value in from_subscription(subscription).items() if name not in _FIXED
        }
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

    async def lock_plans(self, user_id: UserId) -> None:
        """Have everybody else who changes this user's plans wait until the end."""
        await self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"plans:{user_id}", 0)))
        )

    async def live_subscription(self, user_id: UserId) -> Subscription | None:
        """Return a user's subscription that has not ended, locked until the end."""
        table = tables.subscriptions
        return await self._locked(select(table).where(table.c.user_id == user_id, table.c.ended_at.is_(None)))

    async def free_subscription(self, user_id: UserId) -> Subscription | None:
        """Return a user's last free subscription, ended or not, locked until the end."""
        table = tables.subscriptions
        query = select(table).where(table.c.user_id == user_id, table.c.processor_id.is_(None))
        return await self._locked(query.order_by(table.c.began_at.desc()).limit(1))

    async def subscription_of_processor(self, processor_id: ProcessorSubscriptionId) -> Subscription | None:
        """Return a subscription by the processor's id, ended or not, locked until the end."""
        table = tables.subscriptions
        return await self._locked(select(table).where(table.c.processor_id == processor_id))

    async def recorded_subscriptions(
        self, processor_ids: Sequence[ProcessorSubscriptionId]
    ) -> Mapping[ProcessorSubscriptionId, Subscription]:
        """Return those of these subscriptions of the processor that are recorded, ended or not."""
        table = tables.subscriptions
        rows = await self._connection.execute(select(table).where(table.c.processor_id.in_(processor_ids)))
        return {ProcessorSubscriptionId(row.processor_id): to_subscription(row) for row in rows}

    async def _locked(self, query: Select[Any]) -> Subscription | None:
        row = (await self._connection.execute(query.with_for_update())).first()
        return to_subscription(row) if row else None

    async def has_paid_plan(self, user_id: UserId) -> bool:
        """Return whether a user has, or ever had, a plan that is paid."""
        table = tables.subscriptions
        paid = select(table.c.subscription_id).where(
            table.c.user_id == user_id, table.c.processor_id.is_not(None)
        )
        return await self._connection.scalar(paid.limit(1)) is not None

    async def insert_subscription(self, subscription: Subscription) -> None:
        """Store a subscription."""
        await self._connection.execute(insert(tables.subscriptions).values(from_subscription(subscription)))

    async def allocations(self, subscription_id: SubscriptionId, *, since: datetime) -> Sequence[Allocation]:
        """Return what was told of a paid plan's credits that begin at a moment or later."""
        table = tables.allocations
        query = select(table).where(table.c.subscription_id == subscription_id, table.c.starts_at >= since)
        return [to_allocation(row) for row in await self._connection.execute(query)]

    async def add_allocation(self, allocation: Allocation) -> None:
        """Store that credits of a paid plan are told."""
        await self._connection.execute(insert(tables.allocations).values(from_allocation(allocation)))

    async def next_revision(self, user_id: UserId, *, opened: Sequence[str]) -> int:
        """Count one more change of a user's plan; the row is locked until the end."""
        table = tables.subscription_revisions
        added = insert(table).values(user_id=user_id, revision=1, opened=list(opened))
        counted = added.on_conflict_do_update(
            index_elements=[table.c.user_id],
            set_={"revision": table.c.revision + 1, "opened": added.excluded.opened},
        )
        return int(await self._connection.scalar(counted.returning(table.c.revision)))

    async def told_entitlements(self, user_id: UserId) -> tuple[str, ...] | None:
        """Return what a user's plan was told to open last, locked until the end."""
        table = tables.subscription_revisions
        query = select(table.c.opened).where(table.c.user_id == user_id).with_for_update()
        opened = await self._connection.scalar(query)
        return None if opened is None else tuple(opened)

    async def told_otherwise(
        self, opened: Mapping[PlanId, Sequence[str]], *, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Return users whose plan opens by now something else than was told last."""
        plans, told = tables.subscriptions, tables.subscription_revisions
        if not opened:
            return []
        now = case(
            {plan_id: cast(list(words), ARRAY(Text)) for plan_id, words in opened.items()},
            value=plans.c.plan_id,
        )
        query = (
            select(plans.c.user_id)
            .outerjoin(told, told.c.user_id == plans.c.user_id)
            .where(
                plans.c.ended_at.is_(None),
                plans.c.plan_id.in_(opened),
                plans.c.status.is_distinct_from(SubscriptionStatus.PAUSED),
                told.c.opened.is_distinct_from(now),
                true() if after is None else plans.c.user_id > after,
            )
            .order_by(plans.c.user_id)
            .limit(limit)
        )
        return [UserId(user_id) for user_id in await self._connection.scalars(query)]
