"""How a mail stands, for people who look after it."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.identifiers import MailId, UserId
from identity.domain.mail import MailState, Notice, Purpose
from identity.domain.user import EmailAddress


@dataclass(frozen=True, kw_only=True)
class MailReport:
    """All of a mail but what it opens and what it says."""

    mail_id: MailId
    user_id: UserId
    recipient: EmailAddress
    purpose: Purpose | Notice
    state: MailState
    attempts: int
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
