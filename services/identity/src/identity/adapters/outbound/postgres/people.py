"""What people with a role look through: in the system's scope, and nothing is changed here."""

from dataclasses import dataclass

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from identity.adapters.outbound.postgres import rows
from identity.adapters.outbound.postgres.tables import audit_records, outgoing_mail, users
from identity.domain.audit import AuditRecord
from identity.domain.identifiers import MailId, UserId
from identity.domain.mail import MailState
from identity.domain.mail_report import MailReport
from identity.domain.user import User
from identity.ports.people import RecordFilter, RecordPlace

_REPORTED = (
    "mail_id", "user_id", "recipient", "purpose", "state", "attempts", "created_at", "due_at", "finished_at",
)  # fmt: skip


@dataclass(frozen=True)
class PostgresPeople:
    """Implements People. Ids sort by time, so that a part begins where the one before ended."""

    engine: AsyncEngine

    async def users(self, query: str | None, *, before: UserId | None, limit: int) -> list[User]:
        """See People."""
        wanted = select(users).order_by(users.c.user_id.desc()).limit(limit)
        if query is not None:
            held = func.lower(users.c.email).contains(query.lower(), autoescape=True)
            wanted = wanted.where(or_(held, users.c.user_id == query))
        if before is not None:
            wanted = wanted.where(users.c.user_id < before)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            return [rows.user(row) for row in (await connection.execute(wanted)).mappings()]

    async def user(self, user_id: UserId) -> User | None:
        """See People."""
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            found = await connection.execute(select(users).where(users.c.user_id == user_id))
            row = found.mappings().one_or_none()
        return rows.user(row) if row else None

    async def records(
        self, which: RecordFilter, *, before: RecordPlace | None, limit: int
    ) -> list[AuditRecord]:
        """See People."""
        place = tuple_(audit_records.c.occurred_at, audit_records.c.record_id)
        wanted = _chosen(select(audit_records), which)
        if before is not None:
            wanted = wanted.where(place < tuple_(before.occurred_at, before.record_id))
        newest = (audit_records.c.occurred_at.desc(), audit_records.c.record_id.desc())
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            found = await connection.execute(wanted.order_by(*newest).limit(limit))
            return [rows.audit_record(row) for row in found.mappings()]

    async def mails(
        self, user_id: UserId | None, state: MailState | None, *, before: MailId | None, limit: int
    ) -> list[MailReport]:
        """See People."""
        wanted = select(*(outgoing_mail.c[name] for name in _REPORTED))
        if user_id is not None:
            wanted = wanted.where(outgoing_mail.c.user_id == user_id)
        if state is not None:
            wanted = wanted.where(outgoing_mail.c.state == state.value)
        if before is not None:
            wanted = wanted.where(outgoing_mail.c.mail_id < before)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            found = await connection.execute(wanted.order_by(outgoing_mail.c.mail_id.desc()).limit(limit))
            return [rows.mail_report(row) for row in found.mappings()]


def _chosen(wanted: Select[tuple[object, ...]], which: RecordFilter) -> Select[tuple[object, ...]]:
    columns = audit_records.c
    if which.actor is not None:
        wanted = wanted.where(columns.actor == which.actor)
    if which.subject is not None:
        wanted = wanted.where(columns.subject == which.subject)
    if which.actions:
        wanted = wanted.where(columns.action.in_([action.value for action in which.actions]))
    if which.since is not None:
        wanted = wanted.where(columns.occurred_at >= which.since)
    if which.until is not None:
        wanted = wanted.where(columns.occurred_at < which.until)
    return wanted
