"""Mark an address as verified."""

from dataclasses import dataclass, field
from datetime import datetime

from identity.application.welcome_user import Welcomer
from identity.domain.errors import InvalidToken
from identity.domain.events import EmailVerified
from identity.domain.identifiers import EventId
from identity.domain.mail import Purpose
from identity.domain.secret import digest
from identity.domain.user import User
from identity.domain.welcome import Welcome
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class VerifyEmail:
    """A person shows the token from the mail."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class VerifyEmailHandler:
    """Uses the token up, remembers when the address was proven, and tells of the first time."""

    units: UnitsOfWork
    directory: Directory
    welcomer: Welcomer
    ids: IdSource
    clock: Clock

    async def __call__(self, command: VerifyEmail) -> User:
        """Return the verified user. Raises InvalidToken."""
        token_digest = digest(command.token)
        user_id = await self.directory.user_by_mail_token(token_digest)
        if user_id is None:
            raise InvalidToken
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            (await work.mails.lock_token(token_digest)).redeemed(now, Purpose.VERIFY_EMAIL)
            await work.mails.mark_used(token_digest, now)
            return user if user.email_verified else await self._verified(work, user, now)

    async def _verified(self, work: UnitOfWork, before: User, now: datetime) -> User:
        user = await self.welcomer.at_confirmation(work, before.verified(now), now)
        await work.users.save(user)
        await work.events.append(
            EmailVerified(
                event_id=EventId(self.ids.new("evt")),
                user_id=user.user_id,
                is_welcomed=before.welcome is Welcome.PENDING and user.welcome is Welcome.GIVEN,
                occurred_at=now,
            )
        )
        return user
