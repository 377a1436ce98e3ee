"""Where console sessions are kept."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from gateway.domain.console_session import ConsoleSession
from gateway.domain.identifiers import SessionId
from gateway.domain.user import SignedIn


class ConsoleSessionStore(Protocol):
    """Keeps sessions by the digest of their cookie; tokens are unreadable at rest.

    Methods that name a session which is gone do nothing.
    """

    async def add(self, session: ConsoleSession) -> None:
        """Keep a new session."""
        ...

    async def find(self, digest: bytes) -> ConsoleSession | None:
        """Read a session; one whose tokens can't be read any more (the key is gone) is None."""
        ...

    async def touch(self, digest: bytes, *, seen_at: datetime, idle_expires_at: datetime) -> None:
        """Record that the session is in use."""
        ...

    async def claim_refresh(self, digest: bytes, *, now: datetime, until: datetime) -> ConsoleSession | None:
        """Take the right to refresh the session's tokens until then, or None while another has it.

        Exactly one of several claimants gets it, and it sees the newest refresh token.
        """
        ...

    async def store_refreshed(
        self, digest: bytes, signed_in: SignedIn, *, access_expires_at: datetime
    ) -> None:
        """Keep a new pair of tokens and give the right to refresh back."""
        ...

    async def release_refresh(self, digest: bytes) -> None:
        """Give the right to refresh back with nothing changed."""
        ...

    async def remove(self, digest: bytes) -> ConsoleSession | None:
        """Forget a session; returns what it was."""
        ...

    async def session_ids(self, *, after: SessionId | None, limit: int) -> Sequence[SessionId]:
        """Return which sessions at identity there are rows of, once each, in order of id."""
        ...

    async def remove_sessions(self, session_ids: Collection[SessionId]) -> int:
        """Forget every row of these sessions at identity; returns how many."""
        ...

    async def remove_expired(self, now: datetime, *, count_max: int) -> int:
        """Forget sessions that are over; returns how many."""
        ...
