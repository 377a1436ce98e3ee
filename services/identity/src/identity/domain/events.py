"""Facts that other contexts hear of."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.identifiers import ApiKeyId, EventId, SessionId, UserId
from identity.domain.session import EndReason
from identity.domain.user import EmailAddress
from identity.domain.welcome import Welcome


@dataclass(frozen=True, kw_only=True)
class UserRegistered:
    """A person opened an account."""

    event_id: EventId
    user_id: UserId
    email: EmailAddress
    full_name: str
    welcome: Welcome
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class EmailVerified:
    """A person proved to read mail at the address; `is_welcomed` when the welcome waited for that."""

    event_id: EventId
    user_id: UserId
    is_welcomed: bool
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class SessionsEnded:
    """One session of a person ended, or, without an id, all that there were but the one that was kept."""

    event_id: EventId
    user_id: UserId
    session_id: SessionId | None
    reason: EndReason
    occurred_at: datetime
    kept_session_id: SessionId | None = None


@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked:
    """A person's API key is good no longer."""

    event_id: EventId
    user_id: UserId
    key_id: ApiKeyId
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class ErasureRequested:
    """An account is erased on a day to come; of what is told about that the highest `revision` counts."""

    event_id: EventId
    user_id: UserId
    erased_from: datetime
    revision: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class ErasureTakenBack:
    """An account that was to be erased stays; `revision` as in ErasureRequested."""

    event_id: EventId
    user_id: UserId
    revision: int
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class UserDeleted:
    """An account and its person are erased."""

    event_id: EventId
    user_id: UserId
    occurred_at: datetime


Event = (
    ErasureRequested
    | ErasureTakenBack
    | UserDeleted
    | UserRegistered
    | EmailVerified
    | SessionsEnded
    | ApiKeyRevoked
)
