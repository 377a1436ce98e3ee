"""End a session."""

from dataclasses import dataclass, field

from identity.application.end_session import SessionEnder
from identity.domain.secret import digest
from identity.domain.session import EndReason
from identity.ports.clock import Clock
from identity.ports.directory import Directory
from identity.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class LogOut:
    """A client gives its refresh token back."""

    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class LogOutHandler:
    """Ends the session that a refresh token, even a used one, belongs to."""

    units: UnitsOfWork
    directory: Directory
    ender: SessionEnder
    clock: Clock

    async def __call__(self, command: LogOut) -> None:
        """Idempotent; an unknown token has no session to end."""
        ref = await self.directory.session_by_refresh_token(digest(command.refresh_token))
        if ref is None:
            return
        async with self.units.of(ref.user_id) as work:
            session = await work.sessions.lock(ref.session_id)
            await self.ender.end(work, session, self.clock.now(), EndReason.LOGGED_OUT)
