"""Keep a person's picture."""

from dataclasses import dataclass, replace

from identity.domain.avatar import new_avatar
from identity.domain.identifiers import UserId
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SetAvatarHandler:
    """Keeps a picture in the place of the one that there was, and of another site's address."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, user_id: UserId, picture: bytes) -> User:
        """Return the changed user. Raises UserNotFound or InvalidField."""
        avatar = new_avatar(user_id, picture, self.clock.now())
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            user = replace(user, avatar_url=None, avatar_version=avatar.version)
            await work.avatars.save(avatar)
            await work.users.save(user)
            return user
