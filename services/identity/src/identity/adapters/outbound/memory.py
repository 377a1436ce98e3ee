"""Every port of storage in memory: for unit tests, with the same guarantees as the real adapters."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from identity.domain.errors import EmailTaken, InvalidToken, UserNotFound
from identity.domain.events import Event
from identity.domain.identifiers import EventId, MailId, SessionId, UserId
from identity.domain.mail import Mail, MailState, MailToken, Purpose
from identity.domain.mailbox import MailboxDigest
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import EmailAddress, User
from identity.ports.directory import SessionRef


@dataclass(frozen=True)
class StoredMail:
    """A mail and where it is on its way."""

    mail: Mail
    due_at: datetime
    state: MailState = MailState.QUEUED


@dataclass
class MemoryStore:
    """What a database would hold."""

    users: dict[UserId, User] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    refresh_tokens: dict[SecretDigest, RefreshToken] = field(default_factory=dict)
    mail_tokens: dict[SecretDigest, MailToken] = field(default_factory=dict)
    welcomed_mailboxes: dict[MailboxDigest, UserId] = field(default_factory=dict)
    mails: dict[MailId, StoredMail] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    inbox: set[EventId] = field(default_factory=set)

    def snapshot(self) -> "MemoryStore":
        """Return a copy that changes apart from this one; the rows themselves never change."""
        return MemoryStore(**{name: copy(rows) for name, rows in vars(self).items()})


@dataclass(frozen=True)
class _MemoryUsers:
    store: MemoryStore
    owner: UserId

    async def add(self, user: User) -> None:
        if any(other.email.lower() == user.email.lower() for other in self.store.users.values()):
            raise EmailTaken
        self.store.users[user.user_id] = user

    async def claim_mailbox(self, mailbox: MailboxDigest, user_id: UserId, now: datetime) -> bool:
        if mailbox in self.store.welcomed_mailboxes:
            return False
        self.store.welcomed_mailboxes[mailbox] = user_id
        return True

    async def get(self, user_id: UserId) -> User:
        if user_id != self.owner or user_id not in self.store.users:
            raise UserNotFound
        return self.store.users[user_id]

    async def lock(self, user_id: UserId) -> User:
        return await self.get(user_id)

    async def save(self, user: User) -> None:
        kept = self.store.users[user.user_id]
        self.store.users[user.user_id] = replace(user, disabled_at=kept.disabled_at, role=kept.role)

    async def save_disabled(self, user: User) -> None:
        kept = self.store.users[user.user_id]
        self.store.users[user.user_id] = replace(kept, disabled_at=user.disabled_at)

    async def save_role(self, user: User) -> None:
        self.store.users[user.user_id] = replace(self.store.users[user.user_id], role=user.role)


@dataclass(frozen=True)
class _MemorySessions:
    store: MemoryStore

    async def add(self, session: Session) -> None:
        self.store.sessions[session.session_id] = session

    async def lock(self, session_id: SessionId) -> Session:
        return self.store.sessions[session_id]

    async def end(self, session: Session) -> None:
        self.store.sessions[session.session_id] = session

    async def end_all(self, user_id: UserId, now: datetime, reason: EndReason) -> int:
        is_open = [
            session
            for session in self.store.sessions.values()
            if session.user_id == user_id and session.ended_at is None
        ]
        for session in is_open:
            await self.end(session.ended(now, reason))
        return len(is_open)

    async def add_token(self, token: RefreshToken) -> None:
        self.store.refresh_tokens[token.token_digest] = token

    async def token(self, token_digest: SecretDigest) -> RefreshToken:
        return self.store.refresh_tokens[token_digest]

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        token = self.store.refresh_tokens[token_digest]
        self.store.refresh_tokens[token_digest] = replace(token, used_at=now)


@dataclass(frozen=True)
class _MemoryMails:
    store: MemoryStore
    owner: UserId

    async def queue(self, mail: Mail) -> None:
        self.store.mails[mail.mail_id] = StoredMail(mail, due_at=mail.created_at)

    async def add_token(self, token: MailToken) -> None:
        self.store.mail_tokens[token.token_digest] = token

    async def lock_token(self, token_digest: SecretDigest) -> MailToken:
        token = self.store.mail_tokens.get(token_digest)
        if token is None or token.user_id != self.owner:
            raise InvalidToken
        return token

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        self.store.mail_tokens[token_digest] = replace(self.store.mail_tokens[token_digest], used_at=now)

    async def use_all(self, user_id: UserId, purpose: Purpose, now: datetime) -> None:
        for key, token in list(self.store.mail_tokens.items()):
            if token.user_id == user_id and token.purpose is purpose and token.used_at is None:
                await self.mark_used(key, now)


@dataclass(frozen=True)
class _MemoryEvents:
    store: MemoryStore

    async def append(self, event: Event) -> None:
        self.store.events.append(event)


@dataclass(frozen=True)
class MemoryUnitOfWork:
    """One transaction's view."""

    users: _MemoryUsers
    sessions: _MemorySessions
    mails: _MemoryMails
    events: _MemoryEvents
    inbox: set[EventId]

    async def is_news(self, event_id: EventId) -> bool:
        """See UnitOfWork."""
        new = event_id not in self.inbox
        self.inbox.add(event_id)
        return new


class MemoryUnitsOfWork:
    """Transactions that take turns and work on a copy, which replaces the store when they commit."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def of(self, user_id: UserId) -> AsyncIterator[MemoryUnitOfWork]:
        """See UnitsOfWork."""
        async with self._turn:
            copied = self._store.snapshot()
            yield MemoryUnitOfWork(
                _MemoryUsers(copied, user_id),
                _MemorySessions(copied),
                _MemoryMails(copied, user_id),
                _MemoryEvents(copied),
                copied.inbox,
            )
            vars(self._store).update(vars(copied))


@dataclass(frozen=True)
class MemoryDirectory:
    """Looks through every account."""

    store: MemoryStore

    async def user_by_email(self, email: EmailAddress) -> User | None:
        """See Directory."""
        matches = (user for user in self.store.users.values() if user.email.lower() == email.lower())
        return next(matches, None)

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """See Directory."""
        token = self.store.refresh_tokens.get(token_digest)
        return SessionRef(token.user_id, token.session_id) if token else None

    async def open_sessions(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """See Directory."""
        found = [self.store.sessions[known] for known in session_ids if known in self.store.sessions]
        return frozenset(
            session.session_id
            for session in found
            if session.ended_at is None and self.store.users[session.user_id].disabled_at is None
        )

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        token = self.store.mail_tokens.get(token_digest)
        return token.user_id if token else None


@dataclass(frozen=True)
class MemoryMailQueue:
    """Takes mails from the store."""

    store: MemoryStore

    async def claim(self, *, now: datetime, until: datetime, limit: int) -> list[Mail]:
        """See MailQueue."""
        due = sorted(
            (row for row in self.store.mails.values() if row.state is MailState.QUEUED and row.due_at <= now),
            key=lambda row: row.due_at,
        )[:limit]
        claimed = [replace(row.mail, attempts=row.mail.attempts + 1) for row in due]
        for mail in claimed:
            self.store.mails[mail.mail_id] = StoredMail(mail, due_at=until)
        return claimed

    async def finish(self, mail: Mail, state: MailState, now: datetime) -> None:
        """See MailQueue."""
        self.store.mails[mail.mail_id] = StoredMail(replace(mail, token=""), due_at=now, state=state)

    async def postpone(self, mail: Mail, due_at: datetime) -> None:
        """See MailQueue."""
        self.store.mails[mail.mail_id] = StoredMail(mail, due_at=due_at)
