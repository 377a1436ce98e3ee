"""The reads that cross accounts: the system scope is used here and in mail_queue.py, nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from identity.adapters.outbound.postgres import rows
from identity.adapters.outbound.postgres.tables import mail_tokens, refresh_tokens, sessions, users
from identity.domain.identifiers import SessionId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress, User
from identity.ports.directory import SessionRef


@dataclass(frozen=True)
class PostgresDirectory:
    """Looks through every account by exact keys; implements Directory."""

    engine: AsyncEngine

    async def user_by_email(self, email: EmailAddress) -> User | None:
        """See Directory."""
        query = select(users).where(func.lower(users.c.email) == func.lower(email))
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return rows.user(row) if row else None

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """See Directory."""
        query = select(refresh_tokens.c.user_id, refresh_tokens.c.session_id).where(
            refresh_tokens.c.token_digest == token_digest
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(query)).one_or_none()
        return SessionRef(UserId(row.user_id), SessionId(row.session_id)) if row else None

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """See Directory."""
        query = (
            select(sessions.c.session_id)
            .join(users, users.c.user_id == sessions.c.user_id)
            .where(
                sessions.c.session_id == any_(literal(list(session_ids), ARRAY(Text))),
                sessions.c.ended_at.is_(None),
                users.c.disabled_at.is_(None),
            )
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            return frozenset(SessionId(known) for known in (await connection.execute(query)).scalars())

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        query = select(mail_tokens.c.user_id).where(mail_tokens.c.token_digest == token_digest)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            user_id = (await connection.execute(query)).scalar_one_or_none()
        return UserId(user_id) if user_id is not None else None
