"""Find the account behind an address."""

from dataclasses import dataclass

from identity.domain.errors import UserNotFound
from identity.domain.user import EmailAddress, User
from identity.ports.directory import Directory


@dataclass(frozen=True)
class FindUserHandler:
    """Reads one user, for an operator."""

    directory: Directory

    async def __call__(self, email: EmailAddress) -> User:
        """Return the user with the address. Raises UserNotFound."""
        user = await self.directory.user_by_email(email)
        if user is None:
            raise UserNotFound
        return user
