"""End a session from another one of the same person."""

from dataclasses import dataclass

from identity.application.end_session import SessionEnder
from identity.domain.identifiers import SessionId, UserId
from identity.domain.session import EndReason
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class EndOwnSession:
    """Whose session, and which."""

    user_id: UserId
    session_id: SessionId


@dataclass(frozen=True)
class EndOwnSessionHandler:
    """Ends one session, wherever its device is."""

    units: UnitsOfWork
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: EndOwnSession) -> None:
        """Idempotent. Raises SessionNotFound for an unknown one and another person's alike."""
        async with self.units.of(command.user_id) as work:
            session = await work.sessions.lock(command.session_id)
            await self.ender.end(work, session, self.clock.now(), EndReason.ENDED_BY_USER)
