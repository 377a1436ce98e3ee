"""Sessions and their refresh tokens, in memory."""

from dataclasses import dataclass, replace
from datetime import datetime

from identity.adapters.outbound.memory.store import MemoryStore
from identity.domain.client import Client
from identity.domain.errors import SessionNotFound
from identity.domain.identifiers import SessionId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session


@dataclass(frozen=True)
class MemorySessions:
    """Implements Sessions on one transaction's copy."""

    store: MemoryStore
    owner: UserId

    async def add(self, session: Session) -> None:
        """See Sessions."""
        self.store.sessions[session.session_id] = session

    async def lock(self, session_id: SessionId) -> Session:
        """See Sessions."""
        session = self.store.sessions.get(session_id)
        if session is None or session.user_id != self.owner:
            raise SessionNotFound
        return session

    async def open(self, user_id: UserId, now: datetime, *, limit: int) -> list[Session]:
        """See Sessions."""
        unused = {
            token.session_id
            for token in self.store.refresh_tokens.values()
            if token.used_at is None and token.expires_at > now
        }
        stand = [own for own in self._own(user_id) if own.ended_at is None and own.session_id in unused]
        stand.sort(key=lambda own: (own.last_used_at or own.created_at, own.session_id), reverse=True)
        return stand[:limit]

    async def clients(self, user_id: UserId, *, browser: str | None, system: str | None) -> list[Client]:
        """See Sessions."""
        known = dict.fromkeys(session.client for session in self._own(user_id))
        return [client for client in known if (client.browser, client.system) == (browser, system)]

    async def carry_on(self, session: Session) -> None:
        """See Sessions."""
        kept = self.store.sessions[session.session_id]
        self.store.sessions[session.session_id] = replace(
            kept, client=session.client, last_used_at=session.last_used_at
        )

    async def prove(self, session: Session) -> None:
        """See Sessions."""
        kept = self.store.sessions[session.session_id]
        self.store.sessions[session.session_id] = replace(kept, proven_at=session.proven_at)

    async def end(self, session: Session) -> None:
        """See Sessions."""
        self.store.sessions[session.session_id] = session

    async def end_all(
        self, user_id: UserId, now: datetime, reason: EndReason, *, kept: SessionId | None = None
    ) -> int:
        """See Sessions."""
        is_open = [
            session
            for session in self._own(user_id)
            if session.ended_at is None and session.session_id != kept
        ]
        for session in is_open:
            await self.end(session.ended(now, reason))
        return len(is_open)

    async def add_token(self, token: RefreshToken) -> None:
        """See Sessions."""
        self.store.refresh_tokens[token.token_digest] = token

    async def token(self, token_digest: SecretDigest) -> RefreshToken:
        """See Sessions."""
        return self.store.refresh_tokens[token_digest]

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """See Sessions."""
        token = self.store.refresh_tokens[token_digest]
        self.store.refresh_tokens[token_digest] = replace(token, used_at=now)

    def _own(self, user_id: UserId) -> list[Session]:
        return [own for own in self.store.sessions.values() if own.user_id == user_id == self.owner]
