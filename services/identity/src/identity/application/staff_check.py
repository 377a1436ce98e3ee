"""Who may look, and who may change."""

from dataclasses import dataclass

from identity.domain.audit import Actor
from identity.domain.errors import NotAnAdmin, NotStaff
from identity.domain.identifiers import UserId
from identity.domain.user import Role
from identity.ports.people import People


@dataclass(frozen=True)
class StaffCheck:
    """Goes by identity's own records, whatever role the caller says that its token had."""

    people: People

    async def require_staff(self, actor: Actor) -> None:
        """Raise NotStaff unless the actor has a role and an open account."""
        if await self._role(actor) is Role.USER:
            raise NotStaff

    async def require_admin(self, actor: Actor) -> None:
        """Raise NotAnAdmin unless the actor is an administrator with an open account."""
        if await self._role(actor) is not Role.ADMIN:
            raise NotAnAdmin

    async def _role(self, actor: Actor) -> Role:
        user = await self.people.user(UserId(actor.name))
        return user.role if user is not None and user.disabled_at is None else Role.USER
