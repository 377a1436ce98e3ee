"""Let dangerous things be done by whoever has just proved who they are, and by nobody else."""

from dataclasses import dataclass

from identity.domain.errors import SessionEnded, StepUpRequired
from identity.domain.identifiers import SessionId, UserId
from identity.ports.clock import Clock
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RequireProof:
    """Whose session, and which."""

    user_id: UserId
    session_id: SessionId


@dataclass(frozen=True)
class RequireProofHandler:
    """A sign-in counts, and so does a step-up, for ten minutes."""

    units: UnitsOfWork
    clock: Clock

    async def __call__(self, command: RequireProof) -> None:
        """Return where the proof is fresh. Raises StepUpRequired, SessionNotFound or SessionEnded."""
        async with self.units.of(command.user_id) as work:
            session = await work.sessions.lock(command.session_id)
        if session.ended_at is not None:
            raise SessionEnded
        if not session.is_proven(self.clock.now()):
            raise StepUpRequired
