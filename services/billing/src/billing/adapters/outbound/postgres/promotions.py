"""The part of the unit of work about promotions, on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.outbound.postgres import tables
from billing.domain.identifiers import PromotionCode, UserId
from billing.domain.promotion import Promotion, Redemption


class PostgresPromotions:
    """Promotions and redemptions of one open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_promotion(self, promotion: Promotion) -> bool:
        """Store a promotion; False when there is one of that code."""
        table = tables.promotions
        added = insert(table).values(asdict(promotion)).on_conflict_do_nothing()
        return await self._connection.scalar(added.returning(table.c.code)) is not None

    async def promotion(self, code: PromotionCode) -> Promotion | None:
        """Return a promotion, locked until the end."""
        table = tables.promotions
        query = select(table).where(table.c.code == code).with_for_update()
        row = (await self._connection.execute(query)).first()
        return Promotion(**row._mapping) if row else None

    async def promotions(self, *, limit: int) -> Sequence[Promotion]:
        """Return promotions, newest first."""
        table = tables.promotions
        query = select(table).order_by(table.c.created_at.desc(), table.c.code).limit(limit)
        return [Promotion(**row._mapping) for row in await self._connection.execute(query)]

    async def save_promotion(self, promotion: Promotion) -> None:
        """Write how often it was redeemed, and until when it is."""
        table = tables.promotions
        changed = {"redemptions": promotion.redemptions, "valid_until": promotion.valid_until}
        await self._connection.execute(update(table).where(table.c.code == promotion.code).values(changed))

    async def redemption(self, user_id: UserId, code: PromotionCode) -> Redemption | None:
        """Return a user's redemption of a code."""
        table = tables.redemptions
        query = select(table).where(table.c.user_id == user_id, table.c.code == code)
        row = (await self._connection.execute(query)).first()
        return Redemption(**row._mapping) if row else None

    async def add_redemption(self, redemption: Redemption) -> None:
        """Store a redemption."""
        await self._connection.execute(insert(tables.redemptions).values(asdict(redemption)))
