"""Look at people, at what was done to them, and at their mail, as somebody with a role."""

from dataclasses import dataclass

from identity.application.record_act import ActRecorder
from identity.application.staff_check import StaffCheck
from identity.domain.audit import Action, Actor, AuditRecord
from identity.domain.errors import UserNotFound
from identity.domain.identifiers import MailId, UserId
from identity.domain.mail import MailState
from identity.domain.mail_report import MailReport
from identity.domain.user import User
from identity.ports.clock import Clock
from identity.ports.people import People, RecordFilter, RecordPlace
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ReadPeople:
    """Every method raises NotStaff for somebody without a role."""

    people: People
    staff: StaffCheck
    units: UnitsOfWork
    recorder: ActRecorder
    clock: Clock

    async def users(
        self, actor: Actor, query: str | None, *, before: UserId | None, limit: int
    ) -> list[User]:
        """Find users by a part of the address or by id."""
        await self.staff.require_staff(actor)
        return await self.people.users(query, before=before, limit=limit)

    async def user(self, actor: Actor, user_id: UserId) -> User:
        """Read one user, and record who looked. Raises UserNotFound, and records nothing."""
        await self.staff.require_staff(actor)
        async with self.units.of(user_id) as work:
            user = await work.users.get(user_id)
            await self.recorder.record(
                work,
                Action.PERSON_READ,
                actor=actor,
                subject=user_id,
                before={},
                after={},
                reason=None,
                now=self.clock.now(),
            )
            return user

    async def records(
        self, actor: Actor, which: RecordFilter, *, before: RecordPlace | None, limit: int
    ) -> list[AuditRecord]:
        """List what was done."""
        await self.staff.require_staff(actor)
        return await self.people.records(which, before=before, limit=limit)

    async def mails(
        self,
        actor: Actor,
        user_id: UserId | None,
        state: MailState | None,
        *,
        before: MailId | None,
        limit: int,
    ) -> list[MailReport]:
        """List mails. Raises UserNotFound for somebody that nobody is."""
        await self.staff.require_staff(actor)
        if user_id is not None and await self.people.user(user_id) is None:
            raise UserNotFound
        return await self.people.mails(user_id, state, before=before, limit=limit)
