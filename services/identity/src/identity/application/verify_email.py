"""Mark an address as verified."""

from dataclasses import dataclass, field

from identity.domain.errors import InvalidToken
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
    """Uses the token up and remembers when the address was proven."""

    work: UnitsOfWork
    directory: Directory
    clock: Clock

    async def __call__(self, command: VerifyEmail) -> User:
        """Raises InvalidToken."""
        token_digest = digest(command.token)
        user_id = await self.directory.user_by_mail_token(token_digest)
        if user_id is None:
            raise InvalidToken
        now = self.clock.now()
        async with self.work.of(user_id) as work:
            user = (await work.users.lock(user_id)).verified(now)
            (await work.mails.lock_token(token_digest)).redeemed(now, Purpose.VERIFY_EMAIL)
            await work.mails.mark_used(token_digest, now)
            await work.users.save(user)
            return user
