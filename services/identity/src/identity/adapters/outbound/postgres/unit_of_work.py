"""One transaction on one account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from chassis import inbox, outbox
from chassis.postgres import SYSTEM_SCOPE, transaction
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from identity.adapters.outbound.event_codec import encode
from identity.adapters.outbound.postgres import rows, tables
from identity.adapters.outbound.postgres.api_keys import PostgresApiKeys
from identity.adapters.outbound.postgres.audit import PostgresAuditLog
from identity.adapters.outbound.postgres.avatars import PostgresAvatars
from identity.adapters.outbound.postgres.erasures import PostgresErasures
from identity.adapters.outbound.postgres.linked_identities import PostgresLinkedIdentities
from identity.adapters.outbound.postgres.passkeys import PostgresPasskeys
from identity.adapters.outbound.postgres.second_factors import PostgresSecondFactors
from identity.adapters.outbound.postgres.sessions import PostgresSessions
from identity.domain.errors import EmailTaken, InvalidToken, LastAdministrator, UserNotFound
from identity.domain.events import Event
from identity.domain.identifiers import EventId, UserId
from identity.domain.mail import Mail, MailState, MailToken, Purpose
from identity.domain.mailbox import MailboxDigest
from identity.domain.secret import SecretDigest
from identity.domain.user import User

CONSUMER = "identity"
# What a change of a profile or of a password leaves as it is, whatever it read before.
_NOT_SAVED = ("user_id", "email", "created_at", "role", "disabled_at", "erased_from", "erasure_revision")
_LAST_ADMINISTRATOR = "TT001"
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
        for fixed in _NOT_SAVED:
            del changes[fixed]
        await self.connection.execute(
            update(tables.users).where(tables.users.c.user_id == user.user_id).values(changes)
        )

    async def save_email(self, user: User) -> None:
        changed = (
            update(tables.users)
            .where(tables.users.c.user_id == user.user_id)
            .values(email=user.email, email_verified_at=user.email_verified_at)
        )
        try:
            await self.connection.execute(changed)
        except IntegrityError as error:
            # The index sees every account, though row level security hides them from queries.
            if _EMAIL_INDEX in str(error.orig):
                raise EmailTaken from None
            raise

    async def save_disabled(self, user: User) -> None:
        await self._save_standing(user, disabled_at=user.disabled_at)

    async def save_leaving(self, user: User) -> None:
        await self.connection.execute(
            update(tables.users)
            .where(tables.users.c.user_id == user.user_id)
            .values(erased_from=user.erased_from, erasure_revision=user.erasure_revision)
        )

    async def save_role(self, user: User) -> None:
        await self._save_standing(user, role=user.role.value)

    async def _save_standing(self, user: User, **change: object) -> None:
        changed = update(tables.users).where(tables.users.c.user_id == user.user_id).values(change)
        try:
            await self.connection.execute(changed)
        except DBAPIError as error:
            # The trigger sees every account, though row level security hides them from queries.
            if isinstance(error.orig, psycopg.Error) and error.orig.sqlstate == _LAST_ADMINISTRATOR:
                raise LastAdministrator from None
            raise


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

    async def use_all(
        self, user_id: UserId, purpose: Purpose, now: datetime, *, issued_from: datetime | None = None
    ) -> None:
        since = () if issued_from is None else (tables.mail_tokens.c.created_at >= issued_from,)
        await self.connection.execute(
            update(tables.mail_tokens)
            .where(
                tables.mail_tokens.c.user_id == user_id,
                tables.mail_tokens.c.purpose == purpose,
                tables.mail_tokens.c.used_at.is_(None),
                *since,
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
    sessions: PostgresSessions
    api_keys: PostgresApiKeys
    linked: PostgresLinkedIdentities
    factors: PostgresSecondFactors
    passkeys: PostgresPasskeys
    avatars: PostgresAvatars
    mails: _PostgresMails
    events: _PostgresEvents
    audit: PostgresAuditLog
    erasures: PostgresErasures

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
                PostgresSessions(connection),
                PostgresApiKeys(connection),
                PostgresLinkedIdentities(connection),
                PostgresSecondFactors(connection),
                PostgresPasskeys(connection),
                PostgresAvatars(connection),
                _PostgresMails(connection),
                _PostgresEvents(connection),
                PostgresAuditLog(connection),
                PostgresErasures(connection),
            )
