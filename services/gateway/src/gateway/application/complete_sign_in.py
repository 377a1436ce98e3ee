"""Sign in to the console by a provider's word."""

from dataclasses import dataclass, field

from gateway.application.open_console_session import ConsoleSessionOpener, OpenedSession
from gateway.domain.client import Client
from gateway.domain.identifiers import ProviderId
from gateway.domain.sign_in import LinkWaits
from gateway.ports.sign_in import SignIn


@dataclass(frozen=True, kw_only=True)
class CompleteSignIn:
    """A browser comes back from a provider; without a code its person declined."""

    provider_id: ProviderId
    state: str = field(repr=False)
    code: str | None = field(repr=False)
    browser_secret: str = field(repr=False)
    client: Client


@dataclass(frozen=True)
class CompleteSignInHandler:
    """Opens a session at identity, and one here that holds its tokens."""

    sign_in: SignIn
    sessions: ConsoleSessionOpener

    async def __call__(self, command: CompleteSignIn) -> OpenedSession | LinkWaits:
        """Open both, or return what waits to be linked; raises what SignIn.complete raises."""
        completed = await self.sign_in.complete(
            command.provider_id,
            state=command.state,
            code=command.code,
            browser_secret=command.browser_secret,
            client=command.client,
        )
        return completed if isinstance(completed, LinkWaits) else await self.sessions.open(completed)
