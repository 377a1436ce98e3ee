"""Facts that other contexts hear of."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.user import EmailAddress, UserId


@dataclass(frozen=True, kw_only=True)
class UserRegistered:
    """A person opened an account."""

    event_id: str
    user_id: UserId
    email: EmailAddress
    full_name: str
    occurred_at: datetime
