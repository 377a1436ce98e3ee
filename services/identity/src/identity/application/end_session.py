"""End sessions together with the fact that they ended."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.events import SessionsEnded
from identity.domain.identifiers import EventId, SessionId, UserId
from identity.domain.session import EndReason, Session
from identity.ports.id_source import IdSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class SessionEnder:
    """The one place where sessions end, so that no way out leaves a gateway that never hears of it."""

    ids: IdSource

    async def end(self, work: UnitOfWork, session: Session, now: datetime, reason: EndReason) -> None:
        """Store a session's end in the caller's transaction; one that has ended stays as it is."""
        if session.ended_at is not None:
            return
        await work.sessions.end(session.ended(now, reason))
        await self._tell(work, session.user_id, session.session_id, now, reason)

    async def end_all(
        self,
        work: UnitOfWork,
        user_id: UserId,
        now: datetime,
        reason: EndReason,
        *,
        kept: SessionId | None = None,
    ) -> int:
        """Store the end of every open session of a user, but of the one that is kept; return how many.

        A sign-in that waits for a code ends as well, and first: one that is opened meanwhile is found open.
        """
        await work.factors.end_challenges(user_id, now)
        ended = await work.sessions.end_all(user_id, now, reason, kept=kept)
        if ended:
            await self._tell(work, user_id, None, now, reason, kept)
        return ended

    async def _tell(
        self,
        work: UnitOfWork,
        user_id: UserId,
        session_id: SessionId | None,
        now: datetime,
        reason: EndReason,
        kept: SessionId | None = None,
    ) -> None:
        await work.events.append(
            SessionsEnded(
                event_id=EventId(self.ids.new("evt")),
                user_id=user_id,
                session_id=session_id,
                reason=reason,
                occurred_at=now,
                kept_session_id=kept,
            )
        )
