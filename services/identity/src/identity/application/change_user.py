"""Let a person do more, or less, or close the account, on the word of somebody who may say so."""

from dataclasses import dataclass
from datetime import datetime

from identity.application.end_session import SessionEnder
from identity.application.record_act import ActRecorder
from identity.domain.audit import Action, Actor, checked_reason
from identity.domain.errors import OwnAccount
from identity.domain.identifiers import UserId
from identity.domain.session import EndReason
from identity.domain.user import Role, User
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class ChangeUser:
    """Who says why that whose account becomes what; None leaves it.

    With `disabled` False the account may be used again; its sessions stay ended.
    """

    user_id: UserId
    actor: Actor
    role: Role | None = None
    disabled: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class ChangeUserHandler:
    """More is allowed from the next refresh on; with less allowed, every session ends at once.

    What changes is recorded in the same transaction; what is so already is neither changed nor recorded.
    """

    units: UnitsOfWork
    ender: SessionEnder
    recorder: ActRecorder
    clock: Clock

    async def __call__(self, command: ChangeUser) -> User:
        """Idempotent; the first disabling's time stays.

        Raises InvalidField, UserNotFound, OwnAccount for who would close their own account, and
        LastAdministrator where nobody would be left to give somebody a role.
        """
        reason, now = checked_reason(command.reason), self.clock.now()
        if command.disabled and command.actor.is_user(command.user_id):
            raise OwnAccount
        async with self.units.of(command.user_id) as work:
            user = await work.users.lock(command.user_id)
            if command.role is not None and command.role is not user.role:
                user = await self._with_role(work, user, command.role, command.actor, reason, now)
            if command.disabled is not None and command.disabled is not (user.disabled_at is not None):
                user = await self._closed(work, user, command.disabled, command.actor, reason, now)
            return user

    async def _with_role(
        self, work: UnitOfWork, before: User, role: Role, actor: Actor, reason: str | None, now: datetime
    ) -> User:
        user = before.with_role(role)
        await self.recorder.record(
            work,
            Action.ROLE_CHANGED,
            actor=actor,
            subject=user.user_id,
            before={"role": before.role.value},
            after={"role": role.value},
            reason=reason,
            now=now,
        )
        await work.users.save_role(user)
        if role.does_less_than(before.role):
            await self.ender.end_all(work, user.user_id, now, EndReason.ROLE_REVOKED)
        return user

    async def _closed(
        self, work: UnitOfWork, before: User, disabled: bool, actor: Actor, reason: str | None, now: datetime
    ) -> User:
        user = before.disabled(now) if disabled else before.enabled()
        await self.recorder.record(
            work,
            Action.USER_DISABLED if disabled else Action.USER_ENABLED,
            actor=actor,
            subject=user.user_id,
            before={"disabled": str(not disabled).lower()},
            after={"disabled": str(disabled).lower()},
            reason=reason,
            now=now,
        )
        await work.users.save_disabled(user)
        if disabled:
            await self.ender.end_all(work, user.user_id, now, EndReason.USER_DISABLED)
        return user
