"""What people with a role see at identity, in memory."""

import secrets
from dataclasses import dataclass, field, replace

from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.adapters.outbound.memory.newest_first import newest_first
from gateway.domain.administration import (
    Action,
    Actor,
    AuditRecord,
    MailReport,
    MailState,
    Person,
    RecordFilter,
)
from gateway.domain.errors import Conflict, Forbidden, NotFound
from gateway.domain.identifiers import AuditRecordId, UserId
from gateway.domain.page import Page
from gateway.domain.user import Role


@dataclass
class MemoryAdministration:
    """Implements Administration, over the users of MemoryIdentity."""

    identity: MemoryIdentity
    sent: list[MailReport] = field(default_factory=list)

    @property
    def kept(self) -> list[AuditRecord]:
        """What was recorded."""
        return self.identity.acts

    async def people(
        self, actor: Actor, query: str | None, *, cursor: str | None, limit: int
    ) -> Page[Person]:
        """See Administration."""
        self._require(actor)
        found = [
            self._person(user_id)
            for user_id, user in self.identity.users.items()
            if not query or query.lower() in user.email.lower() or query == user_id
        ]
        return newest_first(found, cursor=cursor, limit=limit)

    async def person(self, actor: Actor, user_id: UserId) -> Person:
        """See Administration."""
        self._require(actor)
        person = self._person(user_id)
        self.record(actor, Action.PERSON_READ, user_id, {}, {}, None)
        return person

    async def change_person(
        self, actor: Actor, user_id: UserId, *, role: Role | None, disabled: bool | None, reason: str | None
    ) -> Person:
        """See Administration."""
        if self._role(actor) is not Role.ADMIN:
            raise Forbidden("Only an administrator may do that.", reason="NOT_AN_ADMIN")
        before = self._person(user_id)
        if disabled and user_id == actor.user_id:
            raise Conflict("You can't disable your own account.", reason="OWN_ACCOUNT")
        is_leaving = disabled is True or role not in (None, Role.ADMIN)
        if is_leaving and self._standing_admins() == {user_id}:
            raise Conflict("This is the last administrator.", reason="LAST_ADMINISTRATOR")
        is_disabled = before.disabled_at is not None
        if role is not None and role is not before.user.role:
            self.identity.users[user_id] = replace(before.user, role=role)
            told = {"role": before.user.role.value}, {"role": role.value}
            self.record(actor, Action.ROLE_CHANGED, user_id, *told, reason)
            self._end_sessions(user_id)
        if disabled is not None and disabled is not is_disabled:
            self.identity.disable(user_id, disabled=disabled)
            told = {"disabled": str(is_disabled).lower()}, {"disabled": str(disabled).lower()}
            action = Action.USER_DISABLED if disabled else Action.USER_ENABLED
            self.record(actor, action, user_id, *told, reason)
        return self._person(user_id)

    async def records(
        self, actor: Actor, which: RecordFilter, *, cursor: str | None, limit: int
    ) -> Page[AuditRecord]:
        """See Administration."""
        self._require(actor)
        found = [
            record
            for record in self.kept
            if which.actor in (None, record.actor)
            and which.subject_id in (None, record.subject_id)
            and (not which.actions or record.action in which.actions)
            and (which.since is None or record.occurred_at >= which.since)
            and (which.until is None or record.occurred_at < which.until)
        ]
        return newest_first(found, cursor=cursor, limit=limit)

    async def mails(
        self,
        actor: Actor,
        *,
        user_id: UserId | None,
        state: MailState | None,
        cursor: str | None,
        limit: int,
    ) -> Page[MailReport]:
        """See Administration."""
        self._require(actor)
        if user_id is not None:
            self._person(user_id)
        found = [
            mail for mail in self.sent if user_id in (None, mail.user_id) and state in (None, mail.state)
        ]
        return newest_first(found, cursor=cursor, limit=limit)

    def _require(self, actor: Actor) -> None:
        if self._role(actor) is Role.USER:
            raise Forbidden("Only people with a role may do that.", reason="NOT_STAFF")

    def _role(self, actor: Actor) -> Role:
        user = self.identity.users.get(actor.user_id)
        return user.role if user and actor.user_id not in self.identity.disabled else Role.USER

    def _standing_admins(self) -> set[UserId]:
        everybody = self.identity.users.items()
        return {known for known, user in everybody if user.role is Role.ADMIN} - set(self.identity.disabled)

    def _person(self, user_id: UserId) -> Person:
        if user_id not in self.identity.users:
            raise NotFound("There is no such user.", reason="USER_NOT_FOUND")
        return Person(user=self.identity.users[user_id], disabled_at=self.identity.disabled.get(user_id))

    def _end_sessions(self, user_id: UserId) -> None:
        standing = self.identity.sessions.items()
        self.identity.sessions = {session: owner for session, owner in standing if owner != user_id}

    def record(
        self,
        actor: Actor,
        action: Action,
        subject_id: UserId,
        before: dict[str, str],
        after: dict[str, str],
        reason: str | None,
    ) -> None:
        """Write down what somebody did."""
        self.kept.append(
            AuditRecord(
                record_id=AuditRecordId(f"aud_{secrets.token_hex(16)}"),
                action=action.value,
                actor=actor.user_id,
                session_id=actor.session_id,
                client_address=actor.client_address,
                subject_id=subject_id,
                before=before,
                after=after,
                reason=reason,
                occurred_at=self.identity.clock.now(),
            )
        )
