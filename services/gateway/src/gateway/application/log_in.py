"""Log in to the console."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.application.open_console_session import ConsoleSessionOpener, OpenedSession
from gateway.domain.client import Client
from gateway.ports.identity import Identity


@dataclass(frozen=True, kw_only=True)
class LogIn:
    """A person claims to own an account."""

    email: str
    password: str = field(repr=False)
    client: Client
    device_tokens: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True)
class LogInHandler:
    """Opens a session at identity, and one here that holds its tokens."""

    identity: Identity
    sessions: ConsoleSessionOpener

    async def __call__(self, command: LogIn) -> OpenedSession:
        """Open both; raises what Identity.log_in raises."""
        signed_in = await self.identity.log_in(
            email=command.email,
            password=command.password,
            client=command.client,
            device_tokens=command.device_tokens,
        )
        return await self.sessions.open(signed_in)
