"""Transactions on one account, on a copy of everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from identity.adapters.outbound.memory.audit import MemoryAuditLog
from identity.adapters.outbound.memory.avatars import MemoryAvatars
from identity.adapters.outbound.memory.erasures import MemoryErasures
from identity.adapters.outbound.memory.linked_identities import MemoryLinkedIdentities
from identity.adapters.outbound.memory.passkeys import MemoryPasskeys
from identity.adapters.outbound.memory.second_factors import MemorySecondFactors
from identity.adapters.outbound.memory.sessions import MemorySessions
from identity.adapters.outbound.memory.store import MemoryStore, StoredMail
from identity.domain.api_key import ApiKey
from identity.domain.audit import Action
from identity.domain.errors import ApiKeyNotFound, EmailTaken, InvalidToken, LastAdministrator, UserNotFound
from identity.domain.events import Event
from identity.domain.identifiers import ApiKeyId, EventId, IdempotencyKey, UserId
from identity.domain.mail import Mail, MailToken, Purpose
from identity.domain.mailbox import MailboxDigest
from identity.domain.secret import SecretDigest
from identity.domain.user import User


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
        self.store.users[user.user_id] = replace(
            user,
            disabled_at=kept.disabled_at,
            role=kept.role,
            erased_from=kept.erased_from,
            erasure_revision=kept.erasure_revision,
        )

    async def save_email(self, user: User) -> None:
        others = (other for other in self.store.users.values() if other.user_id != user.user_id)
        if any(other.email.lower() == user.email.lower() for other in others):
            raise EmailTaken
        kept = self.store.users[user.user_id]
        self.store.users[user.user_id] = replace(
            kept, email=user.email, email_verified_at=user.email_verified_at
        )

    async def save_disabled(self, user: User) -> None:
        kept = self.store.users[user.user_id]
        self._keep_an_admin(kept, replace(kept, disabled_at=user.disabled_at))

    async def save_leaving(self, user: User) -> None:
        kept = self.store.users[user.user_id]
        self.store.users[user.user_id] = replace(
            kept, erased_from=user.erased_from, erasure_revision=user.erasure_revision
        )

    async def save_role(self, user: User) -> None:
        kept = self.store.users[user.user_id]
        recorded = [(record.action, record.subject) for record in self.store.audit]
        if (Action.ROLE_CHANGED, user.user_id) not in recorded:
            raise RuntimeError("a role changes together with its record")
        self._keep_an_admin(kept, replace(kept, role=user.role))

    def _keep_an_admin(self, before: User, after: User) -> None:
        others = (user for user in self.store.users.values() if user.user_id != after.user_id)
        if before.is_standing_admin and not any(user.is_standing_admin for user in (after, *others)):
            raise LastAdministrator
        self.store.users[after.user_id] = after


@dataclass(frozen=True)
class _MemoryApiKeys:
    store: MemoryStore
    owner: UserId

    async def add(self, key: ApiKey) -> None:
        self.store.api_keys[key.key_id] = key

    async def requested(self, user_id: UserId, idempotency_key: IdempotencyKey) -> ApiKey | None:
        return next((key for key in self._own(user_id) if key.idempotency_key == idempotency_key), None)

    async def unrevoked(self, user_id: UserId) -> list[ApiKey]:
        kept = [key for key in self._own(user_id) if key.revoked_at is None]
        return sorted(kept, key=lambda key: (key.created_at, key.key_id), reverse=True)

    async def lock(self, key_id: ApiKeyId) -> ApiKey:
        key = self.store.api_keys.get(key_id)
        if key is None or key.user_id != self.owner:
            raise ApiKeyNotFound
        return key

    async def revoke(self, key: ApiKey) -> None:
        self.store.api_keys[key.key_id] = key

    def _own(self, user_id: UserId) -> list[ApiKey]:
        return [key for key in self.store.api_keys.values() if key.user_id == user_id == self.owner]


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

    async def use_all(
        self, user_id: UserId, purpose: Purpose, now: datetime, *, issued_from: datetime | None = None
    ) -> None:
        for key, token in list(self.store.mail_tokens.items()):
            if token.user_id == user_id and token.purpose is purpose and token.used_at is None:
                if issued_from is not None and token.created_at < issued_from:
                    continue
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
    sessions: MemorySessions
    api_keys: _MemoryApiKeys
    linked: MemoryLinkedIdentities
    factors: MemorySecondFactors
    passkeys: MemoryPasskeys
    avatars: MemoryAvatars
    mails: _MemoryMails
    events: _MemoryEvents
    audit: MemoryAuditLog
    erasures: MemoryErasures
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
                MemorySessions(copied, user_id),
                _MemoryApiKeys(copied, user_id),
                MemoryLinkedIdentities(copied.linked, copied.waiting_links, user_id),
                MemorySecondFactors(copied, user_id),
                MemoryPasskeys(copied.passkeys, user_id),
                MemoryAvatars(copied.avatars, user_id),
                _MemoryMails(copied, user_id),
                _MemoryEvents(copied),
                MemoryAuditLog(copied.audit),
                MemoryErasures(copied, user_id),
                copied.inbox,
            )
            vars(self._store).update(vars(copied))
