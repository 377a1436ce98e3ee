"""Change an address, with the link that was mailed to the new one."""

from dataclasses import dataclass, field

from identity.application.mailed_token import owner_of_token, use_token
from identity.application.verify_address import AddressVerifier
from identity.domain.errors import InvalidToken
from identity.domain.mail import Purpose
from identity.domain.secret import digest
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ChangeEmail:
    """Whoever reads mail at the new address shows the token from it."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class ChangeEmailHandler:
    """The new address is proven by the way; sessions stay as they are."""

    units: UnitsOfWork
    directory: Directory
    verifier: AddressVerifier
    clock: Clock

    async def __call__(self, command: ChangeEmail) -> User:
        """Return the user as they are now. Raises InvalidToken, or EmailTaken where another was faster."""
        token_digest = digest(command.token)
        user_id = await owner_of_token(self.directory, token_digest)
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            before = await work.users.lock(user_id)
            before.require_enabled()
            token = await use_token(work, token_digest, Purpose.CHANGE_EMAIL, now)
            if token.address is None:
                raise InvalidToken
            user = before.with_email(token.address, now)
            await work.users.save_email(user)
            # Links that were mailed to the old address open nothing of the new one's.
            await work.mails.use_all(user_id, Purpose.RESET_PASSWORD, now)
            await work.mails.use_all(user_id, Purpose.VERIFY_EMAIL, now)
            return user if before.email_verified else await self.verifier.verified(work, user, now)
