"""What somebody with a role did."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.adapters.inbound.rest.answers.page import Page
from gateway.domain import administration as domain


class AuditRecord(Answer):
    """One act: who did what to whom, how it was before and after, why and when."""

    id: Annotated[str, shown("aud_019324a1b2c37def8a9b0c1d2e3f4a66")]
    """The record's id."""
    action: Annotated[str, shown("role.changed", "credits.adjusted")]
    """A stable word; there may be more of them."""
    actor: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5e", "operator:grace")]
    """A user's id, or `operator:` and the name of whoever ran a command."""
    session_id: Annotated[str | None, shown("ses_019324a1b2c37def8a9b0c1d2e3f4a67")]
    """The session that they acted from; null for an operator."""
    client_address: Annotated[str | None, shown("203.0.113.7")]
    """Where they acted from; null for an operator."""
    user_id: Annotated[str, shown("usr_019324a1b2c37def8a9b0c1d2e3f4a5f")]
    """Whom it was about."""
    before: Annotated[dict[str, str], shown({"role": "user"})]
    """How it was; empty where there was nothing."""
    after: Annotated[dict[str, str], shown({"role": "support"})]
    """What it became."""
    reason: Annotated[str | None, shown("Helps with refunds")]
    """Why; null where nobody said."""
    created_at: Moment

    @classmethod
    def of(cls, record: domain.AuditRecord) -> Self:
        """Show a record."""
        return cls(
            id=record.record_id,
            action=record.action,
            actor=record.actor,
            session_id=record.session_id,
            client_address=record.client_address,
            user_id=record.subject_id,
            before=dict(record.before),
            after=dict(record.after),
            reason=record.reason,
            created_at=record.occurred_at,
        )


class AuditRecordPage(Page[AuditRecord]):
    """Some records, and where the next part begins."""
