"""Erasure in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres.tables import erasures
from identity.domain.erasure import NOBODY, OURS
from identity.domain.identifiers import UserId


@dataclass(frozen=True)
class PostgresErasures:
    """Implements Erasures in one transaction."""

    connection: AsyncConnection

    async def erase(self, user_id: UserId, now: datetime) -> None:
        """See Erasures. The service's role may delete nothing by itself: the owner's function does."""
        await self.connection.execute(
            text("SELECT erase_user(:user_id, :nobody)"), {"user_id": user_id, "nobody": NOBODY}
        )
        await self.note(user_id, OURS, now)

    async def note(self, user_id: UserId, part: str, now: datetime) -> None:
        """See Erasures."""
        noted = insert(erasures).values(user_id=user_id, part=part, erased_at=now)
        await self.connection.execute(noted.on_conflict_do_nothing())

    async def erased(self, user_id: UserId) -> Mapping[str, datetime]:
        """See Erasures."""
        query = select(erasures.c.part, erasures.c.erased_at).where(erasures.c.user_id == user_id)
        return {row.part: row.erased_at for row in await self.connection.execute(query)}
