"""The only reads that cross accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from identity.domain.identifiers import SessionId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress, User


@dataclass(frozen=True)
class SessionRef:
    """Whose session a refresh token belongs to."""

    user_id: UserId
    session_id: SessionId


class Directory(Protocol):
    """Finds the account behind an address or a token; the rest is done in that account's scope."""

    async def user_by_email(self, email: EmailAddress) -> User | None:
        """Find the user with this address, whatever its upper and lower case."""
        ...

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """Find the session that a refresh token belongs to, used and expired tokens too."""
        ...

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """Those of these sessions that have not ended and whose user is not disabled."""
        ...

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """Find the user that a mailed token was sent to, used and expired tokens too."""
        ...
