"""A session of a person's at identity, as they see it."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import SessionId


@dataclass(frozen=True, kw_only=True)
class OwnSession:
    """Where somebody is signed in."""

    session_id: SessionId
    browser: str | None
    """What its software calls itself, such as "Firefox"; None where it did not say."""
    system: str | None
    """Such as "Windows"; None where it did not say."""
    client_address: str | None
    """None for a session from before it was kept."""
    created_at: datetime
    last_used_at: datetime | None
    """To the minute; None for a session from before it was kept."""
