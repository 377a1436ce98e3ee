"""People's pictures in memory."""

from dataclasses import dataclass

from identity.domain.avatar import Avatar
from identity.domain.identifiers import UserId


@dataclass(frozen=True)
class MemoryAvatars:
    """Implements Avatars on a copy of the store."""

    rows: dict[UserId, Avatar]
    owner: UserId

    async def get(self, user_id: UserId) -> Avatar | None:
        """See Avatars."""
        return self.rows.get(user_id) if user_id == self.owner else None

    async def save(self, avatar: Avatar) -> None:
        """See Avatars."""
        self.rows[avatar.user_id] = avatar

    async def remove(self, user_id: UserId) -> None:
        """See Avatars."""
        self.rows.pop(user_id, None)
