"""One transaction on one account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from chassis import inbox, outbox
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from identity.adapters.outbound.event_codec import encode
from identity.adapters.outbound.postgres import rows, tables
from identity.domain.errors import EmailTaken, InvalidToken, UserNotFound
from identity.domain.events import Event
from identity.domain.identifiers import EventId, SessionId, UserId
from identity.domain.mail import Mail, MailState, MailToken, Purpose
from identity.domain.mailbox import MailboxDigest
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import User

CONSUMER = "identity"
_EMAIL_INDEX = "users_email_key"


@dataclass(frozen=True)
class _PostgresUsers:
    connection: AsyncConnection

    async def add(self, user: User) -> None:
        try:
            await self.connection.execute(insert(tables.users).values(rows.values(user)))
        except IntegrityError as error:
            # The index sees every account, though row level security hides them from queries.
            if _EMAIL_INDEX in str(error.orig):
                raise EmailTaken from None
            raise

    async def claim_mailbox(self, mailbox: MailboxDigest, user_id: UserId, now: datetime) -> bool:
        # The key sees every account's claims, though row level security hides them from queries.
        claim = postgresql.insert(tables.welcomed_mailboxes).values(
            mailbox_digest=mailbox, user_id=user_id, welcomed_at=now
        )
        claimed = claim.on_conflict_do_nothing().returning(tables.welcomed_mailboxes.c.mailbox_digest)
        return await self.connection.scalar(claimed) is not None

    async def get(self, user_id: UserId) -> User:
        return await self._read(user_id, lock=False)

    async def lock(self, user_id: UserId) -> User:
        return await self._read(user_id, lock=True)

    async def _read(self, user_id: UserId, *, lock: bool) -> User:
        query = select(tables.users).where(tables.users.c.user_id == user_id)
        result = await self.connection.execute(query.with_for_update() if lock else query)
        row = result.mappings().one_or_none()
        if row is None:
            raise UserNotFound
        return rows.user(row)

    async def save(self, user: User) -> None:
        changes = rows.values(user)
        for fixed in ("user_id", "email", "created_at", "role", "disabled_at"):
            del changes[fixed]
        await self.connection.execute(
            update(tables.users).where(tables.users.c.user_id == user.user_id).values(changes)
        )

    async def save_disabled(self, user: User) -> None:
        await self.connection.execute(
            update(tables.users)
            .where(tables.users.c.user_id == user.user_id)
            .values(disabled_at=user.disabled_at)
        )

    async def save_role(self, user: User) -> None:
        await self.connection.execute(
            update(tables.users).where(tables.users.c.user_id == user.user_id).values(role=user.role.value)
        )


@dataclass(frozen=True)
class _PostgresSessions:
    connection: AsyncConnection

    async def add(self, session: Session) -> None:
        await self.connection.execute(insert(tables.sessions).values(rows.values(session)))

    async def lock(self, session_id: SessionId) -> Session:
        query = select(tables.sessions).where(tables.sessions.c.session_id == session_id).with_for_update()
        return rows.session((await self.connection.execute(query)).mappings().one())

    async def end(self, session: Session) -> None:
        await self.connection.execute(
            update(tables.sessions)
            .where(tables.sessions.c.session_id == session.session_id)
            .values(ended_at=session.ended_at, end_reason=session.end_reason)
        )

    async def end_all(self, user_id: UserId, now: datetime, reason: EndReason) -> int:
        ended = await self.connection.execute(
            update(tables.sessions)
            .where(tables.sessions.c.user_id == user_id, tables.sessions.c.ended_at.is_(None))
            .values(ended_at=now, end_reason=reason)
        )
        return ended.rowcount

    async def add_token(self, token: RefreshToken) -> None:
        await self.connection.execute(insert(tables.refresh_tokens).values(rows.values(token)))

    async def token(self, token_digest: SecretDigest) -> RefreshToken:
        query = select(tables.refresh_tokens).where(tables.refresh_tokens.c.token_digest == token_digest)
        return rows.refresh_token((await self.connection.execute(query)).mappings().one())

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        await self.connection.execute(
            update(tables.refresh_tokens)
            .where(tables.refresh_tokens.c.token_digest == token_digest)
            .values(used_at=now)
        )


@dataclass(frozen=True)
class _PostgresMails:
    connection: AsyncConnection

    async def queue(self, mail: Mail) -> None:
        await self.connection.execute(
            insert(tables.outgoing_mail).values(
                rows.values(mail) | {"due_at": mail.created_at, "state": MailState.QUEUED}
            )
        )

    async def add_token(self, token: MailToken) -> None:
        await self.connection.execute(insert(tables.mail_tokens).values(rows.values(token)))

    async def lock_token(self, token_digest: SecretDigest) -> MailToken:
        query = (
            select(tables.mail_tokens)
            .where(tables.mail_tokens.c.token_digest == token_digest)
            .with_for_update()
        )
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise InvalidToken
        return rows.mail_token(row)

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        await self.connection.execute(
            update(tables.mail_tokens)
            .where(tables.mail_tokens.c.token_digest == token_digest)
            .values(used_at=now)
        )

    async def use_all(self, user_id: UserId, purpose: Purpose, now: datetime) -> None:
        await self.connection.execute(
            update(tables.mail_tokens)
            .where(
                tables.mail_tokens.c.user_id == user_id,
                tables.mail_tokens.c.purpose == purpose,
                tables.mail_tokens.c.used_at.is_(None),
            )
            .values(used_at=now)
        )


@dataclass(frozen=True)
class _PostgresEvents:
    connection: AsyncConnection

    async def append(self, event: Event) -> None:
        await outbox.append(self.connection, tables.outbox, encode(event))


@dataclass(frozen=True)
class PostgresUnitOfWork:
    """One transaction's view; implements UnitOfWork."""

    connection: AsyncConnection
    users: _PostgresUsers
    sessions: _PostgresSessions
    mails: _PostgresMails
    events: _PostgresEvents

    async def is_news(self, event_id: EventId) -> bool:
        """See UnitOfWork."""
        return await inbox.first_time(self.connection, tables.inbox, consumer=CONSUMER, event_id=event_id)


@dataclass(frozen=True)
class PostgresUnitsOfWork:
    """Opens transactions at READ COMMITTED; row locks make writers take turns; implements UnitsOfWork."""

    engine: AsyncEngine

    @asynccontextmanager
    async def of(self, user_id: UserId) -> AsyncIterator[PostgresUnitOfWork]:
        """See UnitsOfWork."""
        if user_id == SYSTEM_SCOPE:
            # The one text that would open every account instead of none.
            raise UserNotFound
        async with transaction(self.engine, user_id) as connection:
            yield PostgresUnitOfWork(
                connection,
                _PostgresUsers(connection),
                _PostgresSessions(connection),
                _PostgresMails(connection),
                _PostgresEvents(connection),
            )
