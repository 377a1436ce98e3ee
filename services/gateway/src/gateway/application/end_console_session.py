"""End a console session."""

from dataclasses import dataclass

from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.identity import Identity


@dataclass(frozen=True)
class ConsoleSessionEnder:
    """Forgets a session, and then ends the one at identity that it stood for."""

    store: ConsoleSessionStore
    identity: Identity

    async def end(self, digest: bytes) -> None:
        """End it in both places; nothing happens when there is none."""
        if session := await self.store.remove(digest):
            await self.identity.log_out(session.refresh_token)
