"""Have somebody who is signed in say the password once more."""

from dataclasses import dataclass

from identity.domain.errors import WrongPassword
from identity.domain.password import normalised
from identity.domain.user import User
from identity.ports.password_hasher import PasswordHasher
from identity.ports.throttle import Action, Throttle


@dataclass(frozen=True)
class PasswordProver:
    """Whoever sits at somebody's keyboard guesses no faster than a stranger."""

    hasher: PasswordHasher
    throttle: Throttle

    async def prove(self, user: User, password: str, client_address: str | None) -> None:
        """Raise WrongPassword, or TooManyAttempts; outside of a transaction, for it takes its time."""
        await self.throttle.admit(Action.CONFIRM, client_address=client_address, email=user.email)
        verdict = await self.hasher.verify(normalised(password), user.password_hash)
        if not verdict.matches:
            raise WrongPassword
