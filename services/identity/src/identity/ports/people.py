"""What people with a role look through, over all accounts: the newest first, a bounded part at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from identity.domain.audit import Action, AuditRecord
from identity.domain.identifiers import AuditRecordId, MailId, UserId
from identity.domain.mail import MailState
from identity.domain.mail_report import MailReport
from identity.domain.user import User


@dataclass(frozen=True, kw_only=True)
class RecordFilter:
    """Which records; None and nothing leave it open. `since` is in it, `until` is not."""

    actor: str | None = None
    subject: UserId | None = None
    actions: tuple[Action, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class RecordPlace(NamedTuple):
    """The last record of a part: the next part begins after it."""

    occurred_at: datetime
    record_id: AuditRecordId


class People(Protocol):
    """Reads; who may is for the use case to say."""

    async def users(self, query: str | None, *, before: UserId | None, limit: int) -> list[User]:
        """Find users whose address holds the text, in any capitals, or whose id it is."""
        ...

    async def user(self, user_id: UserId) -> User | None:
        """Read one user."""
        ...

    async def records(
        self, which: RecordFilter, *, before: RecordPlace | None, limit: int
    ) -> list[AuditRecord]:
        """List records."""
        ...

    async def mails(
        self, user_id: UserId | None, state: MailState | None, *, before: MailId | None, limit: int
    ) -> list[MailReport]:
        """List mails, as long as they are kept."""
        ...
