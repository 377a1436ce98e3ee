"""What a database would hold."""

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from identity.domain.api_key import ApiKey
from identity.domain.audit import AuditRecord
from identity.domain.avatar import Avatar
from identity.domain.events import Event
from identity.domain.identifiers import ApiKeyId, EventId, LinkId, MailId, PasskeyId, SessionId, UserId
from identity.domain.linked_identity import LinkedIdentity, WaitingLink
from identity.domain.mail import Mail, MailState, MailToken
from identity.domain.mailbox import MailboxDigest
from identity.domain.passkey import Passkey
from identity.domain.second_factor import Challenge, SecondFactor
from identity.domain.secret import SecretDigest
from identity.domain.session import RefreshToken, Session
from identity.domain.user import User


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
    api_keys: dict[ApiKeyId, ApiKey] = field(default_factory=dict)
    second_factors: dict[UserId, SecondFactor] = field(default_factory=dict)
    recovery_codes: dict[tuple[UserId, SecretDigest], datetime | None] = field(default_factory=dict)
    challenges: dict[SecretDigest, Challenge] = field(default_factory=dict)
    passkeys: dict[PasskeyId, Passkey] = field(default_factory=dict)
    avatars: dict[UserId, Avatar] = field(default_factory=dict)
    mail_tokens: dict[SecretDigest, MailToken] = field(default_factory=dict)
    linked: dict[LinkId, LinkedIdentity] = field(default_factory=dict)
    waiting_links: dict[SecretDigest, WaitingLink] = field(default_factory=dict)
    welcomed_mailboxes: dict[MailboxDigest, UserId] = field(default_factory=dict)
    mails: dict[MailId, StoredMail] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    audit: list[AuditRecord] = field(default_factory=list)
    erasures: dict[tuple[UserId, str], datetime] = field(default_factory=dict)
    inbox: set[EventId] = field(default_factory=set)

    def snapshot(self) -> "MemoryStore":
        """Return a copy that changes apart from this one; the rows themselves never change."""
        return MemoryStore(**{name: copy(rows) for name, rows in vars(self).items()})
