"""What people with a role see of others at identity, and change."""

from typing import Protocol

from gateway.domain.administration import Actor, AuditRecord, MailReport, MailState, Person, RecordFilter
from gateway.domain.identifiers import UserId
from gateway.domain.page import Page
from gateway.domain.user import Role


class Administration(Protocol):
    """Every method has a deadline, and raises Forbidden (NOT_STAFF) for an actor without a role."""

    async def people(
        self, actor: Actor, query: str | None, *, cursor: str | None, limit: int
    ) -> Page[Person]:
        """Find people by a part of their address or by their id, the newest first."""
        ...

    async def person(self, actor: Actor, user_id: UserId) -> Person:
        """Read one, which is recorded. Raises NotFound (USER_NOT_FOUND)."""
        ...

    async def change_person(
        self, actor: Actor, user_id: UserId, *, role: Role | None, disabled: bool | None, reason: str | None
    ) -> Person:
        """Change what somebody may do; None leaves it.

        Raises Forbidden (NOT_AN_ADMIN), NotFound (USER_NOT_FOUND), Conflict (OWN_ACCOUNT,
        LAST_ADMINISTRATOR).
        """
        ...

    async def records(
        self, actor: Actor, which: RecordFilter, *, cursor: str | None, limit: int
    ) -> Page[AuditRecord]:
        """List what was done, the newest first."""
        ...

    async def mails(
        self,
        actor: Actor,
        *,
        user_id: UserId | None,
        state: MailState | None,
        cursor: str | None,
        limit: int,
    ) -> Page[MailReport]:
        """List mails, the newest first. Raises NotFound (USER_NOT_FOUND)."""
        ...
