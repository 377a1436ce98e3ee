"""How a mail stands."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import administration as domain


class MailReport(Answer):
    """How a mail stands; neither what it says nor what it opens."""

    id: Annotated[str, shown("mail_019324a1b2c37def8a9b0c1d2e3f4a68")]
    """The mail's id."""
    user_id: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5e")]
    """Whose account it is about."""
    recipient: Annotated[str, shown("ada@example.com", maxLength=320)]
    """Where it goes."""
    purpose: Annotated[str, shown("verify_email", "balance_low")]
    """What it is for, a stable word; there may be more of them."""
    state: Annotated[str, shown("queued", "sent", "skipped", "abandoned")]
    """Queued ones are tried again; skipped: no mail server is set up; abandoned: nobody took it."""
    attempts: Annotated[int, shown(1, minimum=0)]
    """How often it was tried."""
    created_at: Moment
    due_at: Moment | None
    """When it is tried next; null once it is settled."""
    finished_at: Moment | None
    """When it was settled; null while it is queued."""

    @classmethod
    def of(cls, report: domain.MailReport) -> Self:
        """Show how it stands."""
        return cls(
            id=report.mail_id,
            user_id=report.user_id,
            recipient=report.recipient,
            purpose=report.purpose,
            state=report.state,
            attempts=report.attempts,
            created_at=report.created_at,
            due_at=report.due_at,
            finished_at=report.finished_at,
        )


class MailReportPage(Page[MailReport]):
    """Some mails, and where the next part begins."""
