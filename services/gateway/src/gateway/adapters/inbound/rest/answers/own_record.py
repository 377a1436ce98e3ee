"""What somebody with a role did, as the person whom it was about sees it."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import Answer, Moment, shown
from gateway.domain import administration as domain


class OwnRecord(Answer):
    """One act on the person's account: what, how it was before and after, why and when."""

    id: Annotated[str, shown("aud_019324a1b2c37def8a9b0c1d2e3f4a66")]
    """The record's id."""
    action: Annotated[str, shown("role.changed", "credits.adjusted")]
    """A stable word; there may be more of them."""
    acted_as: Annotated[str, shown("admin", "staff", "operator", "self")]
    """As what somebody acted: `staff` is support or an administrator, `self` the person."""
    before: Annotated[dict[str, str], shown({"role": "user"})]
    """How it was; empty where there was nothing."""
    after: Annotated[dict[str, str], shown({"role": "support"})]
    """What it became."""
    reason: Annotated[str | None, shown("Helps with refunds")]
    """Why; null where nobody said."""
    created_at: Moment

    @classmethod
    def of(cls, record: domain.OwnRecord) -> Self:
        """Show a record."""
        return cls(
            id=record.record_id,
            action=record.action,
            acted_as=record.acted_as,
            before=dict(record.before),
            after=dict(record.after),
            reason=record.reason,
            created_at=record.occurred_at,
        )
