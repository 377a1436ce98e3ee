"""Sign up in the console."""

from dataclasses import dataclass, field

from gateway.application.open_console_session import ConsoleSessionOpener, OpenedSession
from gateway.ports.identity import Identity


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """A person wants an account."""

    email: str
    password: str = field(repr=False)
    full_name: str
    client_address: str | None = None


@dataclass(frozen=True)
class SignUpHandler:
    """Opens an account at identity, and a session for it here."""

    identity: Identity
    sessions: ConsoleSessionOpener

    async def __call__(self, command: SignUp) -> OpenedSession:
        """Open both; raises what Identity.sign_up raises."""
        signed_in = await self.identity.sign_up(
            email=command.email,
            password=command.password,
            full_name=command.full_name,
            client_address=command.client_address,
        )
        return await self.sessions.open(signed_in)
