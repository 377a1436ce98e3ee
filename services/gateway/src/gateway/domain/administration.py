"""What people with a role see of others, and who they are while they look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.identifiers import AuditRecordId, MailId, SessionId, UserId
from gateway.domain.user import Role, User


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody with a role, and from where they act: each service checks the role again."""

    user_id: UserId
    role: Role
    session_id: SessionId | None
    client_address: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody's account, as people with a role see it."""

    user: User
    disabled_at: datetime | None


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


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One act: who did what to whom, how it was before and after, why and when.

    `actor` is a user's id, or `operator:` and the name of whoever ran a command; `action` may be one that a
    later release of identity knows.
    """

    record_id: AuditRecordId
    action: str
    actor: str
    session_id: SessionId | None
    client_address: str | None
    subject_id: UserId
    before: Mapping[str, str]
    after: Mapping[str, str]
    reason: str | None
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnRecord:
    """One act as the person whom it was about sees it: `acted_as` is all that they learn of who it was.

    It is `self`, `staff` (support or an administrator), `admin` or `operator`.
    """

    record_id: AuditRecordId
    action: str
    acted_as: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    reason: str | None
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordFilter:
    """Which records; None and nothing leave it open. `since` is in it, `until` is not."""

    actor: str | None = None
    subject_id: UserId | None = None
    actions: tuple[Action, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class MailState(StrEnum):
    """Where a mail is on its way; every state but QUEUED is final."""

    QUEUED = "queued"
    SENT = "sent"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"


@dataclass(frozen=True, kw_only=True)
class MailReport:
    """How a mail stands; what it opens is told nowhere."""

    mail_id: MailId
    user_id: UserId
    recipient: str
    purpose: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
