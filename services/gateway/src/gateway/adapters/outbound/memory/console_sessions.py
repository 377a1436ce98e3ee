"""Console sessions in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.domain.console_session import ConsoleSession
from gateway.domain.identifiers import SessionId
from gateway.domain.user import SignedIn


@dataclass
class MemoryConsoleSessions:
    """Implements ConsoleSessionStore."""

    rows: dict[bytes, ConsoleSession] = field(default_factory=dict)
    leases: dict[bytes, datetime] = field(default_factory=dict)

    async def add(self, session: ConsoleSession) -> None:
        """See ConsoleSessionStore."""
        self.rows[session.digest] = session

    async def find(self, digest: bytes) -> ConsoleSession | None:
        """See ConsoleSessionStore."""
        return self.rows.get(digest)

    async def touch(self, digest: bytes, *, seen_at: datetime, idle_expires_at: datetime) -> None:
        """See ConsoleSessionStore."""
        if digest in self.rows:
            self.rows[digest] = replace(self.rows[digest], seen_at=seen_at, idle_expires_at=idle_expires_at)

    async def claim_refresh(self, digest: bytes, *, now: datetime, until: datetime) -> ConsoleSession | None:
        """See ConsoleSessionStore."""
        lease = self.leases.get(digest)
        if digest not in self.rows or (lease is not None and lease > now):
            return None
        self.leases[digest] = until
        return self.rows[digest]

    async def store_refreshed(
        self, digest: bytes, signed_in: SignedIn, *, access_expires_at: datetime
    ) -> None:
        """See ConsoleSessionStore."""
        self.leases.pop(digest, None)
        if digest in self.rows:
            self.rows[digest] = replace(
                self.rows[digest],
                access_token=signed_in.tokens.access_token,
                access_expires_at=access_expires_at,
                refresh_token=signed_in.tokens.refresh_token,
                session_id=signed_in.tokens.session_id,
                email=signed_in.user.email,
                role=signed_in.user.role,
            )

    async def release_refresh(self, digest: bytes) -> None:
        """See ConsoleSessionStore."""
        self.leases.pop(digest, None)

    async def remove(self, digest: bytes) -> ConsoleSession | None:
        """See ConsoleSessionStore."""
        self.leases.pop(digest, None)
        return self.rows.pop(digest, None)

    async def session_ids(self, *, after: SessionId | None, limit: int) -> Sequence[SessionId]:
        """See ConsoleSessionStore."""
        known = {row.session_id for row in self.rows.values() if row.session_id is not None}
        return sorted(each for each in known if after is None or each > after)[:limit]

    async def remove_sessions(self, session_ids: Collection[SessionId]) -> int:
        """See ConsoleSessionStore."""
        ended = [digest for digest, row in self.rows.items() if row.session_id in session_ids]
        for digest in ended:
            await self.remove(digest)
        return len(ended)

    async def remove_expired(self, now: datetime, *, count_max: int) -> int:
        """See ConsoleSessionStore."""
        over = [digest for digest, session in self.rows.items() if session.is_over(now)][:count_max]
        for digest in over:
            await self.remove(digest)
        return len(over)
