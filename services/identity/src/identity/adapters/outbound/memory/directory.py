"""What crosses accounts, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from identity.adapters.outbound.memory.store import MemoryStore
from identity.domain.api_key import StandingKey
from identity.domain.identifiers import ApiKeyId, SessionId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress, User
from identity.ports.directory import SessionRef


@dataclass(frozen=True)
class MemoryDirectory:
    """Looks through every account."""

    store: MemoryStore

    async def user_by_email(self, email: EmailAddress) -> User | None:
        """See Directory."""
        matches = (user for user in self.store.users.values() if user.email.lower() == email.lower())
        return next(matches, None)

    async def user_by_identity(self, issuer: str, subject: str) -> UserId | None:
        """See Directory."""
        found = (
            linked.user_id
            for linked in self.store.linked.values()
            if (linked.issuer, linked.subject) == (issuer, subject)
        )
        return next(found, None)

    async def user_by_passkey(self, credential_id: bytes) -> UserId | None:
        """See Directory."""
        found = (
            passkey.user_id
            for passkey in self.store.passkeys.values()
            if passkey.credential_id == credential_id
        )
        return next(found, None)

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """See Directory."""
        token = self.store.refresh_tokens.get(token_digest)
        return SessionRef(token.user_id, token.session_id) if token else None

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime | None]:
        """See Directory."""
        found = [self.store.sessions[known] for known in session_ids if known in self.store.sessions]
        return {
            session.session_id: session.last_used_at
            for session in found
            if session.ended_at is None and self.store.users[session.user_id].disabled_at is None
        }

    async def note_session_use(self, session_ids: Sequence[SessionId], now: datetime) -> None:
        """See Directory."""
        for session_id in session_ids:
            self.store.sessions[session_id] = replace(self.store.sessions[session_id], last_used_at=now)

    async def standing_api_keys(self, digests: Sequence[SecretDigest], now: datetime) -> list[StandingKey]:
        """See Directory."""
        good = [key for key in self.store.api_keys.values() if key.key_digest in digests and key.stands(now)]
        owners = {key.user_id: self.store.users[key.user_id] for key in good}
        return [
            StandingKey(key=key, email=owners[key.user_id].email, role=owners[key.user_id].role)
            for key in good
            if owners[key.user_id].disabled_at is None
        ]

    async def note_use(self, key_ids: Sequence[ApiKeyId], now: datetime) -> None:
        """See Directory."""
        for key_id in key_ids:
            self.store.api_keys[key_id] = replace(self.store.api_keys[key_id], last_used_at=now)

    async def due_erasures(self, now: datetime, *, after: UserId | None, limit: int) -> Sequence[UserId]:
        """See Directory."""
        due = (user for user in self.store.users.values() if user.erased_from and user.erased_from <= now)
        return sorted(user.user_id for user in due if user.user_id > (after or ""))[:limit]

    async def user_by_challenge(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        challenge = self.store.challenges.get(token_digest)
        return challenge.user_id if challenge else None

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        token = self.store.mail_tokens.get(token_digest)
        return token.user_id if token else None
