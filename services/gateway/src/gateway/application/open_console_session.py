"""Start a console session for whoever signed in: the browser keeps a cookie, and the tokens stay here."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.console_session import ConsoleSession, cookie_digest
from gateway.domain.user import SignedIn
from gateway.ports.clock import Clock
from gateway.ports.console_sessions import ConsoleSessionStore
from gateway.ports.secret_source import SecretSource


@dataclass(frozen=True, kw_only=True)
class OpenedSession:
    """A new session; `cookie` is the only copy of its secret."""

    cookie: str
    session: ConsoleSession
    device_token: str | None = None
    """For the browser to keep beyond the session, so that it is known at the next log-in."""


@dataclass(frozen=True, kw_only=True)
class ConsoleSessionOpener:
    """Keeps sessions; one ends after `idle` without use, and after `lifetime` at the latest."""

    store: ConsoleSessionStore
    secrets: SecretSource
    clock: Clock
    idle: timedelta
    lifetime: timedelta

    async def open(self, signed_in: SignedIn) -> OpenedSession:
        """Keep a session with the tokens that identity gave."""
        cookie, now = self.secrets.new(), self.clock.now()
        expires_at = min(now + self.lifetime, signed_in.tokens.refresh_expires_at)
        session = ConsoleSession(
            digest=cookie_digest(cookie),
            user_id=signed_in.user.user_id,
            email=signed_in.user.email,
            role=signed_in.user.role,
            csrf_token=self.secrets.new(),
            access_token=signed_in.tokens.access_token,
            access_expires_at=now + timedelta(seconds=signed_in.tokens.expires_in_s),
            refresh_token=signed_in.tokens.refresh_token,
            session_id=signed_in.tokens.session_id,
            created_at=now,
            seen_at=now,
            idle_expires_at=min(now + self.idle, expires_at),
            expires_at=expires_at,
        )
        await self.store.add(session)
        return OpenedSession(cookie=cookie, session=session, device_token=signed_in.device_token)
