"""Change a profile."""

from dataclasses import dataclass, replace

from identity.domain.identifiers import UserId
from identity.domain.profile import UNCHANGED, Unchanged, with_profile
from identity.domain.user import User
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class UpdateProfile:
    """New values; without an avatar's URL the user has none elsewhere."""

    user_id: UserId
    full_name: str | Unchanged = UNCHANGED
    avatar_url: str | Unchanged | None = UNCHANGED


@dataclass(frozen=True)
class UpdateProfileHandler:
    """Changes what users may change about themselves."""

    units: UnitsOfWork

    async def __call__(self, command: UpdateProfile) -> User:
        """Return the changed user. Raises UserNotFound or InvalidField."""
        async with self.units.of(command.user_id) as work:
            user = with_profile(
                await work.users.lock(command.user_id),
                full_name=command.full_name,
                avatar_url=command.avatar_url,
            )
            if user.avatar_url is not None and user.avatar_version is not None:
                # One picture: the one that was chosen last.
                await work.avatars.remove(user.user_id)
                user = replace(user, avatar_version=None)
            await work.users.save(user)
            return user
