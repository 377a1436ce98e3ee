"""What people with a role look through, in memory."""

from dataclasses import dataclass

from identity.adapters.outbound.memory.store import MemoryStore, StoredMail
from identity.domain.audit import AuditRecord
from identity.domain.identifiers import MailId, UserId
from identity.domain.mail import MailState
from identity.domain.mail_report import MailReport
from identity.domain.user import User
from identity.ports.people import RecordFilter, RecordPlace


@dataclass(frozen=True)
class MemoryPeople:
    """Implements People."""

    store: MemoryStore

    async def users(self, query: str | None, *, before: UserId | None, limit: int) -> list[User]:
        """See People."""
        found = [
            user
            for user in self.store.users.values()
            if (query is None or query.lower() in user.email.lower() or query == user.user_id)
            and (before is None or user.user_id < before)
        ]
        return sorted(found, key=lambda user: user.user_id, reverse=True)[:limit]

    async def user(self, user_id: UserId) -> User | None:
        """See People."""
        return self.store.users.get(user_id)

    async def records(
        self, which: RecordFilter, *, before: RecordPlace | None, limit: int
    ) -> list[AuditRecord]:
        """See People."""
        found = [
            record
            for record in self.store.audit
            if which.actor in (None, record.actor.name)
            and which.subject in (None, record.subject)
            and (not which.actions or record.action in which.actions)
            and (which.since is None or record.occurred_at >= which.since)
            and (which.until is None or record.occurred_at < which.until)
            and (before is None or _place(record) < before)
        ]
        return sorted(found, key=_place, reverse=True)[:limit]

    async def mails(
        self, user_id: UserId | None, state: MailState | None, *, before: MailId | None, limit: int
    ) -> list[MailReport]:
        """See People."""
        found = [
            _report(row)
            for row in self.store.mails.values()
            if user_id in (None, row.mail.user_id)
            and state in (None, row.state)
            and (before is None or row.mail.mail_id < before)
        ]
        return sorted(found, key=lambda report: report.mail_id, reverse=True)[:limit]


def _place(record: AuditRecord) -> RecordPlace:
    return RecordPlace(record.occurred_at, record.record_id)


def _report(row: StoredMail) -> MailReport:
    mail = row.mail
    return MailReport(
        mail_id=mail.mail_id,
        user_id=mail.user_id,
        recipient=mail.recipient,
        purpose=mail.purpose,
        state=row.state,
        attempts=mail.attempts,
        created_at=mail.created_at,
        due_at=row.due_at,
        finished_at=None if row.state is MailState.QUEUED else row.due_at,
    )
