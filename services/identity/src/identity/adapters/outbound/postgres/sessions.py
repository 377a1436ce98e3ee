"""Sessions and their refresh tokens, of one account."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres import rows
from identity.adapters.outbound.postgres.tables import refresh_tokens, sessions
from identity.domain.client import Client
from identity.domain.errors import SessionNotFound
from identity.domain.identifiers import SessionId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session


@dataclass(frozen=True)
class PostgresSessions:
    """Implements Sessions in one transaction."""

    connection: AsyncConnection

    async def add(self, session: Session) -> None:
        """See Sessions."""
        await self.connection.execute(insert(sessions).values(rows.session_values(session)))

    async def lock(self, session_id: SessionId) -> Session:
        """See Sessions."""
        query = select(sessions).where(sessions.c.session_id == session_id).with_for_update()
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise SessionNotFound
        return rows.session(row)

    async def open(self, user_id: UserId, now: datetime, *, limit: int) -> list[Session]:
        """See Sessions."""
        good = exists().where(
            refresh_tokens.c.session_id == sessions.c.session_id,
            refresh_tokens.c.used_at.is_(None),
            refresh_tokens.c.expires_at > now,
        )
        used_at = func.coalesce(sessions.c.last_used_at, sessions.c.created_at)
        query = (
            select(sessions)
            .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), good)
            .order_by(used_at.desc(), sessions.c.session_id.desc())
            .limit(limit)
        )
        return [rows.session(row) for row in (await self.connection.execute(query)).mappings()]

    async def clients(self, user_id: UserId, *, browser: str | None, system: str | None) -> list[Client]:
        """See Sessions."""
        query = (
            select(sessions.c.client_address, sessions.c.browser, sessions.c.system)
            .where(
                sessions.c.user_id == user_id,
                sessions.c.browser.is_not_distinct_from(browser),
                sessions.c.system.is_not_distinct_from(system),
            )
            .distinct()
        )
        return [rows.client(row) for row in (await self.connection.execute(query)).mappings()]

    async def carry_on(self, session: Session) -> None:
        """See Sessions."""
        used = rows.client_values(session.client) | {"last_used_at": session.last_used_at}
        await self.connection.execute(
            update(sessions).where(sessions.c.session_id == session.session_id).values(used)
        )

    async def prove(self, session: Session) -> None:
        """See Sessions."""
        await self.connection.execute(
            update(sessions)
            .where(sessions.c.session_id == session.session_id)
            .values(proven_at=session.proven_at)
        )

    async def end(self, session: Session) -> None:
        """See Sessions."""
        await self.connection.execute(
            update(sessions)
            .where(sessions.c.session_id == session.session_id)
            .values(ended_at=session.ended_at, end_reason=session.end_reason)
        )

    async def end_all(
        self, user_id: UserId, now: datetime, reason: EndReason, *, kept: SessionId | None = None
    ) -> int:
        """See Sessions."""
        ended = await self.connection.execute(
            update(sessions)
            .where(
                sessions.c.user_id == user_id,
                sessions.c.ended_at.is_(None),
                sessions.c.session_id.is_distinct_from(kept),
            )
            .values(ended_at=now, end_reason=reason)
        )
        return ended.rowcount

    async def add_token(self, token: RefreshToken) -> None:
        """See Sessions."""
        await self.connection.execute(insert(refresh_tokens).values(rows.values(token)))

    async def token(self, token_digest: SecretDigest) -> RefreshToken:
        """See Sessions."""
        query = select(refresh_tokens).where(refresh_tokens.c.token_digest == token_digest)
        return rows.refresh_token((await self.connection.execute(query)).mappings().one())

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """See Sessions."""
        await self.connection.execute(
            update(refresh_tokens).where(refresh_tokens.c.token_digest == token_digest).values(used_at=now)
        )
