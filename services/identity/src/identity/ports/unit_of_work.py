"""One transaction on one account."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from identity.domain.client import Client
from identity.domain.events import Event
from identity.domain.identifiers import EventId, SessionId, UserId
from identity.domain.mail import Mail, MailToken, Purpose
from identity.domain.mailbox import MailboxDigest
from identity.domain.secret import SecretDigest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import User
from identity.ports.api_keys import ApiKeys
from identity.ports.audit_log import AuditLog
from identity.ports.avatars import Avatars
from identity.ports.erasures import Erasures
from identity.ports.linked_identities import LinkedIdentities
from identity.ports.passkeys import Passkeys
from identity.ports.second_factors import SecondFactors


class Users(Protocol):
    """The account's user."""

    async def add(self, user: User) -> None:
        """Store a new user; raises EmailTaken, also against other accounts."""
        ...

    async def claim_mailbox(self, mailbox: MailboxDigest, user_id: UserId, now: datetime) -> bool:
        """Store that a mailbox is welcomed; False, and nothing stored, when it was before by any account.

        Of two transactions the second waits for the first one's end. The claim outlives the account.
        """
        ...

    async def get(self, user_id: UserId) -> User:
        """Read the user; raises UserNotFound."""
        ...

    async def lock(self, user_id: UserId) -> User:
        """Read the user and keep others from changing it until the transaction ends; raises UserNotFound."""
        ...

    async def save(self, user: User) -> None:
        """Store a changed user, but for whether the account is disabled."""
        ...

    async def save_email(self, user: User) -> None:
        """Store another address, by a token that was used in this transaction and names it.

        Raises EmailTaken, also against other accounts.
        """
        ...

    async def save_disabled(self, user: User) -> None:
        """Store whether the account is disabled, and nothing else; raises LastAdministrator."""
        ...

    async def save_leaving(self, user: User) -> None:
        """Store when the account is erased and how often that changed, and nothing else."""
        ...

    async def save_role(self, user: User) -> None:
        """Store what the user may do, and nothing else; raises LastAdministrator.

        The transaction has to have recorded the change before: no role changes unrecorded.
        """
        ...


class Sessions(Protocol):
    """The account's sessions and their refresh tokens."""

    async def add(self, session: Session) -> None:
        """Store a new session."""
        ...

    async def lock(self, session_id: SessionId) -> Session:
        """Read and lock a session, so that two holders of one refresh token take turns.

        Raises SessionNotFound.
        """
        ...

    async def open(self, user_id: UserId, now: datetime, *, limit: int) -> list[Session]:
        """Read sessions that have not ended and can be refreshed still, those that were used last first."""
        ...

    async def clients(self, user_id: UserId, *, browser: str | None, system: str | None) -> list[Client]:
        """Read where the sessions with this software came from, ended ones too, each place once."""
        ...

    async def carry_on(self, session: Session) -> None:
        """Store where a session is used, and when it was last."""
        ...

    async def prove(self, session: Session) -> None:
        """Store when its person last proved who they are."""
        ...

    async def end(self, session: Session) -> None:
        """Store a session's end."""
        ...

    async def end_all(
        self, user_id: UserId, now: datetime, reason: EndReason, *, kept: SessionId | None = None
    ) -> int:
        """End every open session of the user but the one that is kept; returns how many there were."""
        ...

    async def add_token(self, token: RefreshToken) -> None:
        """Store a new refresh token."""
        ...

    async def token(self, token_digest: SecretDigest) -> RefreshToken:
        """Read a refresh token as of now, after the session was locked."""
        ...

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """Store a refresh token's only use."""
        ...


class Mails(Protocol):
    """The account's mails and one-time tokens."""

    async def queue(self, mail: Mail) -> None:
        """Store a mail to be sent after the transaction."""
        ...

    async def add_token(self, token: MailToken) -> None:
        """Store the digest of a mailed token."""
        ...

    async def lock_token(self, token_digest: SecretDigest) -> MailToken:
        """Read and lock a mailed token."""
        ...

    async def mark_used(self, token_digest: SecretDigest, now: datetime) -> None:
        """Store a mailed token's only use."""
        ...

    async def use_all(
        self, user_id: UserId, purpose: Purpose, now: datetime, *, issued_from: datetime | None = None
    ) -> None:
        """Use up every open token of this purpose, or those that were issued from a moment on."""
        ...


class Events(Protocol):
    """Facts that are published if and only if the transaction commits."""

    async def append(self, event: Event) -> None:
        """Store an event for the relay."""
        ...


class UnitOfWork(Protocol):
    """What one transaction can reach."""

    @property
    def users(self) -> Users: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def factors(self) -> SecondFactors: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def linked(self) -> LinkedIdentities: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def avatars(self) -> Avatars: ...
    @property
    def mails(self) -> Mails: ...
    @property
    def events(self) -> Events: ...
    @property
    def audit(self) -> AuditLog: ...
    @property
    def erasures(self) -> Erasures: ...

    async def is_news(self, event_id: EventId) -> bool:
        """Whether another's fact is heard for the first time; from then on it is not.

        Of two transactions with the same fact the second waits for the first one's end.
        """
        ...


class UnitsOfWork(Protocol):
    """Opens transactions."""

    def of(self, user_id: UserId) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction that sees this user's rows alone; its end commits, any error rolls back."""
        ...
