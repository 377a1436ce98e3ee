"""The queue of outgoing mail, in memory."""

from dataclasses import dataclass, replace
from datetime import datetime

from identity.adapters.outbound.memory.store import MemoryStore, StoredMail
from identity.domain.mail import Mail, MailState


@dataclass(frozen=True)
class MemoryMailQueue:
    """Takes mails from the store."""

    store: MemoryStore

    async def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Mail]:
        """See MailQueue."""
        due = sorted(
            (row for row in self.store.mails.values() if row.state is MailState.QUEUED and row.due_at <= now),
            key=lambda row: row.due_at,
        )[:limit]
        claimed = [replace(row.mail, attempts=row.mail.attempts + 1) for row in due]
        for mail in claimed:
            self.store.mails[mail.mail_id] = StoredMail(mail, due_at=until)
        return claimed

    async def finish(self, mail: Mail, state: MailState, now: datetime) -> None:
        """See MailQueue."""
        self.store.mails[mail.mail_id] = StoredMail(replace(mail, token=""), due_at=now, state=state)

    async def postpone(self, mail: Mail, due_at: datetime) -> None:
        """See MailQueue."""
        self.store.mails[mail.mail_id] = StoredMail(mail, due_at=due_at)
