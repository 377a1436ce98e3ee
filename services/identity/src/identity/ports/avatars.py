"""Where people's pictures are kept."""

from typing import Protocol

from identity.domain.avatar import Avatar
from identity.domain.identifiers import UserId


class Avatars(Protocol):
    """The account's picture; whoever changes it has locked the user, and saves the version there."""

    async def get(self, user_id: UserId) -> Avatar | None:
        """Read the picture; None where there is none."""
        ...

    async def save(self, avatar: Avatar) -> None:
        """Store the picture in the place of the one that there was."""
        ...

    async def remove(self, user_id: UserId) -> None:
        """Delete the picture; nothing happens where there is none."""
        ...
