"""Read a person's picture."""

from dataclasses import dataclass

from identity.domain.avatar import Avatar
from identity.domain.errors import AvatarNotFound
from identity.domain.identifiers import UserId
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ReadAvatarHandler:
    """Reads the picture in its person's own scope."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> Avatar:
        """Return the picture. Raises AvatarNotFound, for an unknown user too."""
        async with self.units.of(user_id) as work:
            avatar = await work.avatars.get(user_id)
        if avatar is None:
            raise AvatarNotFound
        return avatar
