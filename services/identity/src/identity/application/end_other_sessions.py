"""End every session of a person but one."""

from dataclasses import dataclass

from identity.application.end_session import SessionEnder
from identity.domain.identifiers import SessionId, UserId
from identity.domain.session import EndReason
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class EndOtherSessions:
    """Whose sessions, and which of them goes on."""

    user_id: UserId
    kept_session_id: SessionId


@dataclass(frozen=True)
class EndOtherSessionsHandler:
    """Leaves the session alone that asks, and no other."""

    units: UnitsOfWork
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: EndOtherSessions) -> int:
        """Return how many ended. Raises UserNotFound, or SessionNotFound where none of theirs is kept."""
        async with self.units.of(command.user_id) as work:
            # Sign-ins take the same lock: none opens beside this unseen.
            await work.users.lock(command.user_id)
            await work.sessions.lock(command.kept_session_id)
            return await self.ender.end_all(
                work,
                command.user_id,
                self.clock.now(),
                EndReason.ENDED_BY_USER,
                kept=command.kept_session_id,
            )
