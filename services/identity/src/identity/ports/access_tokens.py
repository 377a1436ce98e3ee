"""Signed access tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.identifiers import SessionId
from identity.domain.user import User


@dataclass(frozen=True)
class AccessToken:
    """A signed token and the seconds it is good for."""

    token: str
    expires_in_s: int


class AccessTokens(Protocol):
    """Signs who the bearer is, so that others can verify it with the public keys alone."""

    def issue(self, user: User, session_id: SessionId, now: datetime) -> AccessToken:
        """Sign a token naming user, address, role and session."""
        ...

    def jwks(self) -> str:
        """Return the public keys as a JSON Web Key Set (RFC 7517), the signing key first."""
        ...
