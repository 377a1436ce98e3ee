"""A session is the family of refresh tokens that descend from one log-in."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.client import UNKNOWN_CLIENT, Client
from identity.domain.errors import IdentityError, InvalidRefreshToken, RefreshTokenReused, SessionEnded
from identity.domain.identifiers import SessionId, UserId
from identity.domain.secret import SecretDigest

PROOF_FRESH_FOR = timedelta(minutes=10)


class EndReason(StrEnum):
    """Why a session ended."""

    LOGGED_OUT = "logged_out"
    TOKEN_REUSED = "token_reused"  # noqa: S105 - a reason, not a secret
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a reason, not a secret
    USER_DISABLED = "user_disabled"
    ROLE_REVOKED = "role_revoked"
    USER_DELETED = "user_deleted"
    ENDED_BY_USER = "ended_by_user"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One log-in; it lives until it is ended or its newest refresh token expires."""

    session_id: SessionId
    user_id: UserId
    created_at: datetime
    client: Client = UNKNOWN_CLIENT
    """Where the sign-in or the latest refresh came from."""
    last_used_at: datetime | None = None
    """To the minute; None for one from before it was noted."""
    proven_at: datetime | None = None
    """When its person last proved who they are; None where only the sign-in did."""
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    def proven(self, now: datetime) -> "Session":
        """Return the session after a fresh proof."""
        return replace(self, proven_at=now)

    def is_proven(self, now: datetime) -> bool:
        """Whether the last proof is fresh: the sign-in was one."""
        return now < (self.proven_at or self.created_at) + PROOF_FRESH_FOR

    def carried_on(self, client: Client, now: datetime) -> "Session":
        """Return the session as a refresh leaves it; one that says nothing of its client changes nothing."""
        return replace(self, client=self.client if client == UNKNOWN_CLIENT else client, last_used_at=now)

    def ended(self, now: datetime, reason: EndReason) -> "Session":
        """Return the ended session; the first end stays."""
        return self if self.ended_at else replace(self, ended_at=now, end_reason=reason)


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """One link in a session's chain; good for one use."""

    token_digest: SecretDigest
    session_id: SessionId
    user_id: UserId
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


def refusal(session: Session, token: RefreshToken, now: datetime) -> IdentityError | None:
    """Why a refresh token is not honoured, or None when it is (RFC 9700 section 4.14.2).

    Reuse is told even after the session has ended or the token has expired: it is the graver news.
    """
    if token.used_at is not None:
        return RefreshTokenReused()
    if session.ended_at is not None:
        return SessionEnded()
    if token.expires_at <= now:
        return InvalidRefreshToken()
    return None
