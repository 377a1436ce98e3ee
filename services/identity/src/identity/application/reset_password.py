"""Set a new password with a mailed token."""

from dataclasses import dataclass, field

from identity.application.end_session import SessionEnder
from identity.domain.errors import InvalidToken
from identity.domain.identifiers import UserId
from identity.domain.mail import Purpose
from identity.domain.password import checked_password
from identity.domain.secret import digest
from identity.domain.session import EndReason
from identity.ports.clock import Clock
from identity.ports.device_tokens import DeviceTokens
from identity.ports.directory import Directory
from identity.ports.password_hasher import PasswordHasher
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ResetPassword:
    """A person shows the token from the mail."""

    token: str = field(repr=False)
    new_password: str = field(repr=False)


@dataclass(frozen=True)
class ResetPasswordHandler:
    """Replaces the password, ends every session and uses up every open reset token."""

    units: UnitsOfWork
    directory: Directory
    hasher: PasswordHasher
    ender: SessionEnder
    devices: DeviceTokens
    clock: Clock

    async def __call__(self, command: ResetPassword) -> str:
        """Return the token of a device that is known from now on: guessing must not keep its owner out.

        Raises InvalidToken, or WeakPassword, which leaves the mailed token good for another try.
        """
        user_id = await self.directory.user_by_mail_token(digest(command.token))
        if user_id is None:
            raise InvalidToken
        password = await self._checked(command, user_id)
        password_hash = await self.hasher.hash(password)
        now = self.clock.now()
        async with self.units.of(user_id) as work:
            user = await work.users.lock(user_id)
            (await work.mails.lock_token(digest(command.token))).redeemed(now, Purpose.RESET_PASSWORD)
            await work.mails.use_all(user_id, Purpose.RESET_PASSWORD, now)
            await work.users.save(user.with_password(password_hash))
            await self.ender.end_all(work, user_id, now, EndReason.PASSWORD_RESET)
        return self.devices.issue(user.email, now)

    async def _checked(self, command: ResetPassword, user_id: UserId) -> str:
        async with self.units.of(user_id) as work:
            # Before the slow hash, so that dead tokens cost nothing; the row lock decides later.
            token = await work.mails.lock_token(digest(command.token))
            token.redeemed(self.clock.now(), Purpose.RESET_PASSWORD)
            user = await work.users.get(user_id)
        return checked_password(command.new_password, email=user.email, field="new_password")
