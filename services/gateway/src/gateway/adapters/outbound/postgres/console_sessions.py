"""Console sessions in PostgreSQL: tokens encrypted with a key that the database never sees."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from chassis.claims import first_unclaimed
from chassis.postgres import SYSTEM_SCOPE, transaction
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.adapters.outbound.postgres.tables import sessions
from gateway.domain.console_session import ConsoleSession
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Role, SignedIn


class PostgresConsoleSessions:
    """Implements ConsoleSessionStore.

    `keys` are Fernet keys: the first one encrypts, all of them decrypt, so that a key can be replaced.
    Rows are looked up by the digest of a secret before anybody knows whose they are: in the system's scope.
    """

    def __init__(self, engine: AsyncEngine, *, keys: Sequence[str]) -> None:
        self._engine = engine
        self._seal = MultiFernet([Fernet(key) for key in keys])

    async def add(self, session: ConsoleSession) -> None:
        """See ConsoleSessionStore."""
        row = {
            "cookie_digest": session.digest,
            "user_id": session.user_id,
            "email": session.email,
            "role": session.role.value,
            "csrf_token": session.csrf_token,
            "access_token_sealed": self._sealed(session.access_token),
            "access_expires_at": session.access_expires_at,
            "refresh_token_sealed": self._sealed(session.refresh_token),
            "session_id": session.session_id,
            "created_at": session.created_at,
            "seen_at": session.seen_at,
            "idle_expires_at": session.idle_expires_at,
            "expires_at": session.expires_at,
        }
        async with transaction(self._engine, session.user_id) as connection:
            await connection.execute(sessions.insert().values(row))

    async def find(self, digest: bytes) -> ConsoleSession | None:
        """See ConsoleSessionStore."""
        return await self._read(sa.select(sessions).where(sessions.c.cookie_digest == digest))

    async def touch(self, digest: bytes, *, seen_at: datetime, idle_expires_at: datetime) -> None:
        """See ConsoleSessionStore."""
        await self._update(digest, seen_at=seen_at, idle_expires_at=idle_expires_at)

    async def claim_refresh(self, digest: bytes, *, now: datetime, until: datetime) -> ConsoleSession | None:
        """See ConsoleSessionStore."""
        # Claimants queue for the row's lock; the condition is checked again once they hold it.
        return await self._read(
            sessions.update()
            .where(
                sessions.c.cookie_digest == digest,
                sa.or_(sessions.c.refreshing_until.is_(None), sessions.c.refreshing_until <= now),
            )
            .values(refreshing_until=until)
            .returning(*sessions.c)
        )

    async def store_refreshed(
        self, digest: bytes, signed_in: SignedIn, *, access_expires_at: datetime
    ) -> None:
        """See ConsoleSessionStore."""
        await self._update(
            digest,
            access_token_sealed=self._sealed(signed_in.tokens.access_token),
            access_expires_at=access_expires_at,
            refresh_token_sealed=self._sealed(signed_in.tokens.refresh_token),
            session_id=signed_in.tokens.session_id,
            email=signed_in.user.email,
            role=signed_in.user.role.value,
            refreshing_until=None,
        )

    async def release_refresh(self, digest: bytes) -> None:
        """See ConsoleSessionStore."""
        await self._update(digest, refreshing_until=None)

    async def remove(self, digest: bytes) -> ConsoleSession | None:
        """See ConsoleSessionStore."""
        return await self._read(
            sessions.delete().where(sessions.c.cookie_digest == digest).returning(*sessions.c)
        )

    async def session_ids(self, *, after: SessionId | None, limit: int) -> Sequence[SessionId]:
        """See ConsoleSessionStore."""
        known = sa.select(sessions.c.session_id).where(sessions.c.session_id > (after or "")).distinct()
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            found = await connection.execute(known.order_by(sessions.c.session_id).limit(limit))
        return [SessionId(session_id) for session_id in found.scalars()]

    async def remove_sessions(self, session_ids: Collection[SessionId]) -> int:
        """See ConsoleSessionStore."""
        ended = sessions.delete().where(sessions.c.session_id.in_(session_ids))
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            return (await connection.execute(ended)).rowcount

    async def remove_expired(self, now: datetime, *, count_max: int) -> int:
        """See ConsoleSessionStore."""
        over = first_unclaimed(
            sessions.c.cookie_digest,
            due=sa.or_(sessions.c.idle_expires_at <= now, sessions.c.expires_at <= now),
            limit=count_max,
        )
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            result = await connection.execute(sessions.delete().where(over))
        return result.rowcount

    async def _update(self, digest: bytes, **values: Any) -> None:
        statement = sessions.update().where(sessions.c.cookie_digest == digest).values(**values)
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            await connection.execute(statement)

    async def _read(self, statement: sa.Executable) -> ConsoleSession | None:
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(statement)).one_or_none()
        return self._session(row) if row is not None else None

    def _session(self, row: Any) -> ConsoleSession | None:
        try:
            access_token = self._seal.decrypt(row.access_token_sealed).decode()
            refresh_token = self._seal.decrypt(row.refresh_token_sealed).decode()
        except InvalidToken:
            return None
        return ConsoleSession(
            digest=bytes(row.cookie_digest),
            user_id=UserId(row.user_id),
            email=row.email,
            role=Role(row.role),
            csrf_token=row.csrf_token,
            access_token=access_token,
            access_expires_at=row.access_expires_at,
            refresh_token=refresh_token,
            session_id=row.session_id,
            created_at=row.created_at,
            seen_at=row.seen_at,
            idle_expires_at=row.idle_expires_at,
            expires_at=row.expires_at,
        )

    def _sealed(self, token: str) -> bytes:
        return self._seal.encrypt(token.encode())
