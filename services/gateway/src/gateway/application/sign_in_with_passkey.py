"""Sign in to the console with a passkey."""

from dataclasses import dataclass, field

from gateway.application.open_console_session import ConsoleSessionOpener, OpenedSession
from gateway.domain.client import Client
from gateway.ports.passkeys import Document, Passkeys


@dataclass(frozen=True, kw_only=True)
class SignInWithPasskey:
    """What a browser brought; with a `challenge`, in the place of the code that a sign-in waits for."""

    answer: Document = field(repr=False)
    challenge: str | None = field(default=None, repr=False)
    client: Client


@dataclass(frozen=True)
class SignInWithPasskeyHandler:
    """Opens a session at identity, and one here that holds its tokens."""

    passkeys: Passkeys
    sessions: ConsoleSessionOpener

    async def __call__(self, command: SignInWithPasskey) -> OpenedSession:
        """Open both; raises what Passkeys.sign_in and complete_log_in raise."""
        if command.challenge is None:
            signed_in = await self.passkeys.sign_in(command.answer, command.client)
        else:
            signed_in = await self.passkeys.complete_log_in(
                command.answer, challenge=command.challenge, client=command.client
            )
        return await self.sessions.open(signed_in)
