"""Delete a person's picture."""

from dataclasses import dataclass, replace

from identity.domain.identifiers import UserId
from identity.domain.user import User
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RemoveAvatarHandler:
    """Deletes the picture that was sent in; without one nothing happens."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> User:
        """Return the changed user. Raises UserNotFound."""
        async with self.units.of(user_id) as work:
            user = replace(await work.users.lock(user_id), avatar_version=None)
            await work.avatars.remove(user_id)
            await work.users.save(user)
            return user
