"""Confirm an address with a mailed token."""

from dataclasses import dataclass, field

from identity.application.mailed_token import owner_of_token, use_token
from identity.application.verify_address import AddressVerifier
from identity.domain.mail import Purpose
from identity.domain.secret import digest
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class VerifyEmail:
    """A person shows the token from the mail."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class VerifyEmailHandler:
    """Uses the token up, remembers when the address was proven, and tells of the first time."""

    units: UnitsOfWork
    directory: Directory
    verifier: AddressVerifier
    clock: Clock

    async def __call__(self, command: VerifyEmail) -> User:
        """Return the verified user. Raises InvalidToken."""
        token_digest = digest(command.token)
        user_id = await owner_of_token(self.directory, token_digest)
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            await use_token(work, token_digest, Purpose.VERIFY_EMAIL, now)
            return user if user.email_verified else await self.verifier.verified(work, user, now)
