"""Read a profile."""

from dataclasses import dataclass

from identity.domain.identifiers import UserId
from identity.domain.user import User
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ReadUserHandler:
    """Reads one user in that user's own scope."""

    units: UnitsOfWork

    async def __call__(self, user_id: UserId) -> User:
        """Return the user. Raises UserNotFound."""
        async with self.units.of(user_id) as work:
            return await work.users.get(user_id)
