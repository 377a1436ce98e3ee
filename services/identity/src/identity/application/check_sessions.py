"""Say which sessions still stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from identity.domain.identifiers import SessionId
from identity.ports.clock import Clock
from identity.ports.directory import Directory

# Gateways ask each second while a session is in use: people are told the minute.
USE_IS_KEPT_EVERY = timedelta(minutes=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CheckSessionsHandler:
    """Answers for the gateways, which accept access tokens of sessions that stand and no others."""

    directory: Directory
    clock: Clock

    async def __call__(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """Those that stand; the rest have ended, never were, or belong to a disabled user."""
        stand = await self.directory.open_sessions(session_ids) if session_ids else {}
        await self._note_use(stand)
        return frozenset(stand)

    async def _note_use(self, used_at: Mapping[SessionId, datetime | None]) -> None:
        now = self.clock.now()
        noted_before = now - USE_IS_KEPT_EVERY
        used = [session_id for session_id, at in used_at.items() if at is None or at <= noted_before]
        if not used:
            return
        try:
            await self.directory.note_session_use(used, now)
        except Exception as failure:  # noqa: BLE001 - a session stands whether or not its use could be noted
            log.warning("use of sessions not noted", sessions=len(used), error=repr(failure))
