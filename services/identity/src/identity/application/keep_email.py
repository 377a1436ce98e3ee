"""Keep an address that somebody had changed, or wanted to."""

from dataclasses import dataclass, field

from identity.application.end_session import SessionEnder
from identity.application.mailed_token import owner_of_token, use_token
from identity.domain.errors import InvalidToken
from identity.domain.mail import Purpose
from identity.domain.secret import digest
from identity.domain.session import EndReason
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class KeepEmail:
    """Whoever reads mail at the old address shows the token from it."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class KeepEmailHandler:
    """Undoes the change, and what was changed, linked or added after it; signs everybody out.

    For somebody is not the owner, and must not come back by a sign-in of their own.
    Links of earlier changes stay good: whoever had the account first can undo what a later one did.
    """

    units: UnitsOfWork
    directory: Directory
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: KeepEmail) -> User:
        """Return the user, whose address is the old one. Raises InvalidToken or EmailTaken."""
        token_digest = digest(command.token)
        user_id = await owner_of_token(self.directory, token_digest)
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            token = await use_token(work, token_digest, Purpose.KEEP_EMAIL, now)
            if token.address is None:
                raise InvalidToken
            for purpose in (Purpose.CHANGE_EMAIL, Purpose.RESET_PASSWORD, Purpose.VERIFY_EMAIL):
                await work.mails.use_all(user_id, purpose, now)
            await work.mails.use_all(user_id, Purpose.KEEP_EMAIL, now, issued_from=token.created_at)
            if user.email != token.address:
                user = user.with_email(token.address, now)
                await work.users.save_email(user)
            for linked in await work.linked.of_user(user_id):
                if linked.linked_at >= token.created_at:
                    await work.linked.remove(user_id, linked.link_id)
            for passkey in await work.passkeys.of_user(user_id):
                if passkey.created_at >= token.created_at:
                    await work.passkeys.remove(user_id, passkey.passkey_id)
            await self.ender.end_all(work, user_id, now, EndReason.ENDED_BY_USER)
            return user
