"""Say which sessions still stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from identity.domain.identifiers import SessionId
from identity.ports.directory import Directory


@dataclass(frozen=True)
class CheckSessionsHandler:
    """Answers for the gateways, which accept access tokens of sessions that stand and no others."""

    directory: Directory

    async def __call__(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """Those that stand; the rest have ended, never were, or belong to a disabled user."""
        return await self.directory.open_sessions(session_ids) if session_ids else frozenset()
