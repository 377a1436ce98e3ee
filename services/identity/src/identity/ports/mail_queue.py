"""The way from stored mails to the mailer."""

from datetime import datetime
from typing import Protocol

from identity.domain.mail import Mail, MailState


class MailQueue(Protocol):
    """Every account's queued mails, each given to one sender at a time."""

    async def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Mail]:
        """Take due mails, oldest first, counting the attempt; nobody else gets them before `until`."""
        ...

    async def finish(self, mail: Mail, state: MailState, now: datetime) -> None:
        """Put a mail into a final state and forget its token."""
        ...

    async def postpone(self, mail: Mail, due_at: datetime) -> None:
        """Make a mail due again at a later time."""
        ...
