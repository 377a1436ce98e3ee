"""What people with a role did: who, what, to whom, and how it was before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from identity.domain.errors import InvalidField
from identity.domain.identifiers import AuditRecordId, EventId, SessionId, UserId

REASON_LENGTH_MAX = 500
_OPERATOR = "operator:"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts: a user's id, with the session and the address that they act from, or an operator."""

    name: str
    session_id: SessionId | None = None
    client_address: str | None = None

    @classmethod
    def operator(cls, name: str) -> "Actor":
        """Return whoever runs a command on the machine, by the name that they give."""
        return cls(name=f"{_OPERATOR}{name}")

    def is_user(self, user_id: UserId) -> bool:
        """Whether it is this user who acts."""
        return self.name == user_id

    @property
    def is_operator(self) -> bool:
        """Whether it is somebody who runs a command on the machine."""
        return self.name.startswith(_OPERATOR)


class Action(StrEnum):
    """What is recorded."""

    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_ERASED = "user.erased"
    ROLE_CHANGED = "role.changed"
    CREDITS_ADJUSTED = "credits.adjusted"
    PURCHASE_REFUNDED = "purchase.refunded"
    DEAD_LETTER_REPLAYED = "dead_letter.replayed"
    PERSON_READ = "person.read"


class ActedAs(StrEnum):
    """All that a person is told of who acted on their account."""

    SELF = "self"
    STAFF = "staff"
    ADMIN = "admin"
    OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One act. It names people by their ids alone, so it can stay when one of them is forgotten.

    `before` and `after` are what the act changed, by the names of the public API; `subject` is the account
    that it was about.
    """

    record_id: AuditRecordId
    action: Action
    actor: Actor
    subject: UserId
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    occurred_at: datetime

    @property
    def acted_as(self) -> ActedAs:
        """As what the actor acted: looks are support's too, and only administrators change something."""
        if self.actor.is_operator:
            return ActedAs.OPERATOR
        if self.actor.is_user(self.subject):
            return ActedAs.SELF
        return ActedAs.STAFF if self.action is Action.PERSON_READ else ActedAs.ADMIN


def replay_told(
    *, service: str, event_type: str, dead_letter_id: EventId, applied: bool
) -> Mapping[str, str]:
    """Return what is kept of an event that somebody had applied again."""
    return {
        "service": service,
        "event_type": event_type,
        "dead_letter_id": dead_letter_id,
        "outcome": "applied" if applied else "failed",
    }


def checked_reason(text: str | None) -> str | None:
    """Return why somebody acts, without blanks around it. Raises InvalidField when it is too long."""
    if text is None:
        return None
    if len(text) > REASON_LENGTH_MAX:
        raise InvalidField(f"A reason has at most {REASON_LENGTH_MAX} characters.", field="reason")
    return text.strip()
