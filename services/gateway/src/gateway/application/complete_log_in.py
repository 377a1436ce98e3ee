"""End a sign-in to the console that waits for a second factor."""

from dataclasses import dataclass, field

from gateway.application.open_console_session import ConsoleSessionOpener, OpenedSession
from gateway.domain.client import Client
from gateway.ports.identity import Identity


@dataclass(frozen=True, kw_only=True)
class CompleteLogIn:
    """Whoever knew the password shows a code."""

    challenge: str = field(repr=False)
    code: str = field(repr=False)
    client: Client


@dataclass(frozen=True)
class CompleteLogInHandler:
    """Opens a session at identity, and one here that holds its tokens."""

    identity: Identity
    sessions: ConsoleSessionOpener

    async def __call__(self, command: CompleteLogIn) -> OpenedSession:
        """Open both; raises what Identity.complete_log_in raises."""
        signed_in = await self.identity.complete_log_in(
            challenge=command.challenge, code=command.code, client=command.client
        )
        return await self.sessions.open(signed_in)
