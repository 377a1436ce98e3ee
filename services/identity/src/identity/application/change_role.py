"""Let a person do more, or less, on an operator's word."""

from dataclasses import dataclass

from identity.application.end_session import SessionEnder
from identity.domain.errors import UserNotFound
from identity.domain.session import EndReason
from identity.domain.user import EmailAddress, Role, User
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ChangeRole:
    """Whose role becomes which."""

    email: EmailAddress
    role: Role


@dataclass(frozen=True)
class ChangeRoleHandler:
    """More is allowed from the next refresh on; with less allowed, every session ends at once."""

    units: UnitsOfWork
    directory: Directory
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: ChangeRole) -> User:
        """Idempotent: who has the role already stays signed in. Raises UserNotFound."""
        known = await self.directory.user_by_email(command.email)
        if known is None:
            raise UserNotFound
        async with self.units.of(known.user_id) as work:
            before = await work.users.lock(known.user_id)
            user = before.with_role(command.role)
            if user == before:
                return user
            await work.users.save_role(user)
            if user.role is Role.USER:
                await self.ender.end_all(work, user.user_id, self.clock.now(), EndReason.ROLE_REVOKED)
            return user
