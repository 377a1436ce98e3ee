"""Close an account on an operator's word, or open it again."""

from dataclasses import dataclass

from identity.application.end_session import SessionEnder
from identity.domain.errors import UserNotFound
from identity.domain.session import EndReason
from identity.domain.user import EmailAddress, User
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class DisableUser:
    """With `disabled` False the account may be used again; its sessions stay ended."""

    email: EmailAddress
    disabled: bool = True


@dataclass(frozen=True)
class DisableUserHandler:
    """Keeps the user from opening sessions and ends those that are open."""

    units: UnitsOfWork
    directory: Directory
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: DisableUser) -> User:
        """Idempotent; the first disabling's time stays. Raises UserNotFound."""
        known = await self.directory.user_by_email(command.email)
        if known is None:
            raise UserNotFound
        now = self.clock.now()
        async with self.units.of(known.user_id) as work:
            user = await work.users.lock(known.user_id)
            user = user.disabled(now) if command.disabled else user.enabled()
            await work.users.save_disabled(user)
            if command.disabled:
                await self.ender.end_all(work, user.user_id, now, EndReason.USER_DISABLED)
            return user
