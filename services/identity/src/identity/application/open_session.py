"""Start a session, or carry one on, with a fresh pair of tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain.client import Client
from identity.domain.identifiers import SessionId
from identity.domain.secret import digest
from identity.domain.session import RefreshToken, Session
from identity.domain.user import User
from identity.ports.access_tokens import AccessToken, AccessTokens
from identity.ports.id_source import IdSource
from identity.ports.secret_source import SecretSource
from identity.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class OpenedSession:
    """What a client holds of a session."""

    user: User
    session_id: SessionId
    access_token: AccessToken
    refresh_token: str
    refresh_expires_at: datetime
    device_token: str | None = None
    """By which the device is known at the next log-in; None where it has one already."""


@dataclass(frozen=True)
class SessionOpener:
    """Issues pairs of tokens inside the caller's transaction."""

    ids: IdSource
    secrets: SecretSource
    access_tokens: AccessTokens
    refresh_ttl: timedelta

    async def open(self, work: UnitOfWork, user: User, client: Client, now: datetime) -> OpenedSession:
        """Store a new session of the user."""
        session = Session(
            session_id=SessionId(self.ids.new("ses")),
            user_id=user.user_id,
            created_at=now,
            client=client,
            last_used_at=now,
        )
        await work.sessions.add(session)
        return await self._issue(work, user, session.session_id, now)

    async def carry_on(
        self, work: UnitOfWork, user: User, session: Session, client: Client, now: datetime
    ) -> OpenedSession:
        """Store the session's next refresh token, and where it is used now."""
        await work.sessions.carry_on(session.carried_on(client, now))
        return await self._issue(work, user, session.session_id, now)

    async def _issue(
        self, work: UnitOfWork, user: User, session_id: SessionId, now: datetime
    ) -> OpenedSession:
        secret = self.secrets.new()
        token = RefreshToken(
            token_digest=digest(secret),
            session_id=session_id,
            user_id=user.user_id,
            issued_at=now,
            expires_at=now + self.refresh_ttl,
        )
        await work.sessions.add_token(token)
        access_token = self.access_tokens.issue(user, session_id, now)
        return OpenedSession(user, session_id, access_token, secret, token.expires_at)
