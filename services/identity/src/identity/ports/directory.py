"""All that crosses accounts: reads, and what is noted of many of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.api_key import StandingKey
from identity.domain.identifiers import ApiKeyId, SessionId, UserId
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

    async def user_by_identity(self, issuer: str, subject: str) -> UserId | None:
        """Find the user whose account this identity opens."""
        ...

    async def user_by_passkey(self, credential_id: bytes) -> UserId | None:
        """Find the user whose account this passkey opens."""
        ...

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """Find the session that a refresh token belongs to, used and expired tokens too."""
        ...

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime | None]:
        """Those of these sessions that have not ended and whose user is not disabled; when each was used."""
        ...

    async def note_session_use(self, session_ids: Sequence[SessionId], now: datetime) -> None:
        """Store when these sessions were used last."""
        ...

    async def standing_api_keys(self, digests: Sequence[SecretDigest], now: datetime) -> list[StandingKey]:
        """Find those of these keys that are good, and whose user is not disabled."""
        ...

    async def note_use(self, key_ids: Sequence[ApiKeyId], now: datetime) -> None:
        """Store when these keys were used last."""
        ...

    async def due_erasures(self, now: datetime, *, after: UserId | None, limit: int) -> Sequence[UserId]:
        """Whose accounts are to be erased by now, in order of id."""
        ...

    async def user_by_challenge(self, token_digest: SecretDigest) -> UserId | None:
        """Find the user whose sign-in waits for a code, or waited."""
        ...

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """Find the user that a mailed token was sent to, used and expired tokens too."""
        ...
