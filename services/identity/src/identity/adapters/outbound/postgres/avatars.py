"""People's pictures, of one account."""

from dataclasses import asdict, dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres.tables import avatars
from identity.domain.avatar import Avatar
from identity.domain.identifiers import UserId


@dataclass(frozen=True)
class PostgresAvatars:
    """Implements Avatars in one transaction."""

    connection: AsyncConnection

    async def get(self, user_id: UserId) -> Avatar | None:
        """See Avatars."""
        query = select(avatars).where(avatars.c.user_id == user_id)
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return Avatar(UserId(row["user_id"]), bytes(row["picture"]), row["version"], row["updated_at"])

    async def save(self, avatar: Avatar) -> None:
        """See Avatars."""
        values = asdict(avatar)
        added = postgresql.insert(avatars).values(values)
        del values["user_id"]
        await self.connection.execute(
            added.on_conflict_do_update(index_elements=[avatars.c.user_id], set_=values)
        )

    async def remove(self, user_id: UserId) -> None:
        """See Avatars."""
        await self.connection.execute(delete(avatars).where(avatars.c.user_id == user_id))
