"""Facts that other contexts hear of."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.session import EndReason, SessionId
from identity.domain.user import EmailAddress, UserId


@dataclass(frozen=True, kw_only=True)
class UserRegistered:
    """A person opened an account."""

    event_id: str
    user_id: UserId
    email: EmailAddress
    full_name: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class SessionsEnded:
    """One session of a person ended, or, without an id, all that there were."""

    event_id: str
    user_id: UserId
    session_id: SessionId | None
    reason: EndReason
    occurred_at: datetime


Event = UserRegistered | SessionsEnded
