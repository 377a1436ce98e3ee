"""Sign up in the console."""

from dataclasses import dataclass, field

from gateway.application.open_console_session import ConsoleSessionOpener, OpenedSession
from gateway.domain.client import UNKNOWN_CLIENT, Client
from gateway.ports.identity import Identity


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """A person wants an account."""

    email: str
    password: str = field(repr=False)
    full_name: str
    client: Client = UNKNOWN_CLIENT
    invitation: str | None = field(default=None, repr=False)
    captcha_token: str | None = field(default=None, repr=False)


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
            client=command.client,
            invitation=command.invitation,
            captcha_token=command.captcha_token,
        )
        return await self.sessions.open(signed_in)
