"""The part of the unit of work about referrals, on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chassis.claims import first_unclaimed
from sqlalchemy import and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.adapters.outbound.postgres.rows import to_dispute, to_purchase
from billing.domain.identifiers import PurchaseId, ReferralCode, UserId
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.referral import Referral, ReferralState

_CHANGING = ("purchase_id", "paid_at", "due_at", "ended_at")


class PostgresReferrals:
    """Referrals of one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_referrals(self) -> None:
        """Have everybody who claims a referral take turns until the end."""
        await self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('referrals'))"))

    async def add_referral_code(
        self, user_id: UserId, code: ReferralCode, *, now: datetime
    ) -> ReferralCode | None:
        """Return the user's code, this one unless there was one; None when it is somebody else's."""
        table = tables.referral_codes
        added = insert(table).values(user_id=user_id, code=code, created_at=now).on_conflict_do_nothing()
        await self._connection.execute(added)
        known: ReferralCode | None = await self._connection.scalar(
            select(table.c.code).where(table.c.user_id == user_id)
        )
        return known

    async def inviter_of(self, code: ReferralCode) -> UserId | None:
        """Return whose code it is."""
        table = tables.referral_codes
        found: UserId | None = await self._connection.scalar(
            select(table.c.user_id).where(table.c.code == code)
        )
        return found

    async def has_paid(self, user_id: UserId) -> bool:
        """Return whether a user made a purchase that cost anything."""
        table = tables.purchases
        query = select(table.c.purchase_id).where(table.c.user_id == user_id, table.c.amount_minor > 0)
        return await self._connection.scalar(query.limit(1)) is not None

    async def referral(self, invited_id: UserId) -> Referral | None:
        """Return by whom a user was invited, locked until the end."""
        table = tables.referrals
        query = select(table).where(table.c.invited_id == invited_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        return _to_referral(row) if row else None

    async def add_referral(self, referral: Referral) -> None:
        """Store a referral."""
        values = asdict(referral) | {"state": referral.state.value}
        await self._connection.execute(insert(tables.referrals).values(values))

    async def save_referral(self, referral: Referral) -> None:
        """Write what may change of a referral."""
        table, values = tables.referrals, asdict(referral)
        changed = {name: values[name] for name in _CHANGING} | {"state": referral.state.value}
        found = table.c.invited_id == referral.invited_id
        await self._connection.execute(update(table).where(found).values(changed))

    async def claim_rewards(
        self, *, paid_before: datetime, now: datetime, until: datetime, limit: int
    ) -> Sequence[UserId]:
        """Return invited users whose reward is due for longest, skipping what others are claiming."""
        table = tables.referrals
        free = first_unclaimed(
            table.c.invited_id,
            due=and_(
                table.c.state == ReferralState.CLAIMED.value,
                table.c.paid_at <= paid_before,
                table.c.due_at <= now,
            ),
            order_by=table.c.due_at,
            limit=limit,
        )
        claimed = update(table).where(free).values(due_at=until).returning(table.c.invited_id)
        return list(await self._connection.scalars(claimed))

    async def referral_counts(self, inviter_id: UserId) -> tuple[int, int]:
        """Return how many came by a user's code, and for how many of them there was a reward."""
        table = tables.referrals
        is_rewarded = table.c.state == ReferralState.REWARDED.value
        query = select(func.count(), func.count().filter(is_rewarded)).where(table.c.inviter_id == inviter_id)
        came, rewarded = (await self._connection.execute(query)).one()
        return came, rewarded

    async def purchase_standing(self, purchase_id: PurchaseId) -> PurchaseStanding | None:
        """Return a purchase, locked until the end, with its disputes."""
        bought, disputed = tables.purchases, tables.disputes
        query = select(bought).where(bought.c.purchase_id == purchase_id).with_for_update()
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        disputes = await self._connection.execute(
            select(disputed).where(disputed.c.purchase_id == purchase_id).order_by(disputed.c.dispute_id)
        )
        return PurchaseStanding(
            purchase=to_purchase(row), disputes=tuple(to_dispute(dispute) for dispute in disputes)
        )


def _to_referral(row: Any) -> Referral:
    return Referral(**{**row._mapping, "state": ReferralState(row.state)})
