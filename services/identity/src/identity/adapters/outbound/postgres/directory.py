"""What crosses accounts: the system scope is for this and what is nobody's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import LargeBinary, Text, any_, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from identity.adapters.outbound.postgres import rows
from identity.adapters.outbound.postgres.tables import (
    api_keys,
    linked_identities,
    mail_tokens,
    passkeys,
    refresh_tokens,
    sessions,
    sign_in_challenges,
    users,
)
from identity.domain.api_key import StandingKey
from identity.domain.identifiers import ApiKeyId, SessionId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress, Role, User
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

    async def user_by_identity(self, issuer: str, subject: str) -> UserId | None:
        """See Directory."""
        query = select(linked_identities.c.user_id).where(
            linked_identities.c.issuer == issuer, linked_identities.c.subject == subject
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            user_id = (await connection.execute(query)).scalar_one_or_none()
        return UserId(user_id) if user_id is not None else None

    async def user_by_passkey(self, credential_id: bytes) -> UserId | None:
        """See Directory."""
        query = select(passkeys.c.user_id).where(passkeys.c.credential_id == credential_id)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            user_id = (await connection.execute(query)).scalar_one_or_none()
        return UserId(user_id) if user_id is not None else None

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """See Directory."""
        query = select(refresh_tokens.c.user_id, refresh_tokens.c.session_id).where(
            refresh_tokens.c.token_digest == token_digest
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            row = (await connection.execute(query)).one_or_none()
        return SessionRef(UserId(row.user_id), SessionId(row.session_id)) if row else None

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime | None]:
        """See Directory."""
        query = (
            select(sessions.c.session_id, sessions.c.last_used_at)
            .join(users, users.c.user_id == sessions.c.user_id)
            .where(
                sessions.c.session_id == any_(literal(list(session_ids), ARRAY(Text))),
                sessions.c.ended_at.is_(None),
                users.c.disabled_at.is_(None),
            )
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            found = (await connection.execute(query)).all()
        return {SessionId(row.session_id): row.last_used_at for row in found}

    async def note_session_use(self, session_ids: Sequence[SessionId], now: datetime) -> None:
        """See Directory."""
        used = update(sessions).where(sessions.c.session_id == any_(literal(list(session_ids), ARRAY(Text))))
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            await connection.execute(used.values(last_used_at=now))

    async def standing_api_keys(self, digests: Sequence[SecretDigest], now: datetime) -> list[StandingKey]:
        """See Directory."""
        query = (
            select(api_keys, users.c.email, users.c.role)
            .join(users, users.c.user_id == api_keys.c.user_id)
            .where(
                api_keys.c.key_digest == any_(literal(list(digests), ARRAY(LargeBinary))),
                api_keys.c.revoked_at.is_(None),
                or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
                users.c.disabled_at.is_(None),
            )
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            found = (await connection.execute(query)).mappings().all()
        return [
            StandingKey(key=rows.api_key(row), email=EmailAddress(row["email"]), role=Role(row["role"]))
            for row in found
        ]

    async def note_use(self, key_ids: Sequence[ApiKeyId], now: datetime) -> None:
        """See Directory."""
        used = update(api_keys).where(api_keys.c.key_id == any_(literal(list(key_ids), ARRAY(Text))))
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            await connection.execute(used.values(last_used_at=now))

    async def due_erasures(self, now: datetime, *, after: UserId | None, limit: int) -> Sequence[UserId]:
        """See Directory."""
        query = (
            select(users.c.user_id)
            .where(users.c.erased_from <= now, users.c.user_id > (after or ""))
            .order_by(users.c.user_id)
            .limit(limit)
        )
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            return [UserId(due) for due in (await connection.execute(query)).scalars()]

    async def user_by_challenge(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        query = select(sign_in_challenges.c.user_id).where(sign_in_challenges.c.token_digest == token_digest)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            user_id = (await connection.execute(query)).scalar_one_or_none()
        return UserId(user_id) if user_id is not None else None

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        query = select(mail_tokens.c.user_id).where(mail_tokens.c.token_digest == token_digest)
        async with transaction(self.engine, SYSTEM_SCOPE) as connection:
            user_id = (await connection.execute(query)).scalar_one_or_none()
        return UserId(user_id) if user_id is not None else None
