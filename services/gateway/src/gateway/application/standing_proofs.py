"""When what a request came with is good no longer."""

from dataclasses import dataclass

from gateway.application.known_keys import KnownKeys
from gateway.application.open_sessions import OpenSessions
from gateway.domain.user import Principal


@dataclass(frozen=True)
class StandingProofs:
    """Knows of sessions and of keys alike."""

    sessions: OpenSessions
    keys: KnownKeys

    async def ended(self, principal: Principal) -> None:
        """Return once the principal's session has ended, or its key."""
        await (self.keys if principal.key else self.sessions).ended(principal)
