"""A browser's session with the console, kept on the server: the browser holds only a random cookie."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Principal, Role

_COOKIE = re.compile(r"[A-Za-z0-9_-]{32,128}")


def is_cookie(text: str) -> bool:
    """Return whether a text can be a session's cookie."""
    return _COOKIE.fullmatch(text) is not None


def cookie_digest(cookie: str) -> bytes:
    """Return what is stored of a cookie: whoever reads the table can't present it."""
    return hashlib.sha256(cookie.encode()).digest()


@dataclass(frozen=True, kw_only=True)
class ConsoleSession:
    """One row: whose session it is, its tokens at identity and how long it lasts."""

    digest: bytes
    user_id: UserId
    email: str
    role: Role
    csrf_token: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    session_id: SessionId | None
    """The session at identity; None for a row from before it was kept, until its next refresh."""
    created_at: datetime
    seen_at: datetime
    idle_expires_at: datetime
    expires_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether nobody used it for too long, or it is too old however much it is used."""
        return now >= self.idle_expires_at or now >= self.expires_at

    def principal(self) -> Principal:
        """Return whom the session speaks for."""
        return Principal(
            user_id=self.user_id,
            email=self.email,
            role=self.role,
            expires_at=self.access_expires_at,
            # A session that was resumed has one.
            session_id=self.session_id or SessionId(""),
        )
