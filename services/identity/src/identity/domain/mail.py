"""Mails: those with one-time tokens, and news; what is sent, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.errors import InvalidToken
from identity.domain.identifiers import MailId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress

ATTEMPTS_MAX = 12
_FIRST_DELAY = timedelta(seconds=5)
_DELAY_MAX = timedelta(hours=1)


class Purpose(StrEnum):
    """What a mailed token may be used for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a secret
    CHANGE_EMAIL = "change_email"
    KEEP_EMAIL = "keep_email"
    INVITATION = "invitation"


class Notice(StrEnum):
    """News that a mail tells; it opens nothing, and grows old."""

    BALANCE_LOW = "balance_low"
    CREDITS_EXPIRING = "credits_expiring"
    AUTO_TOP_UP_STOPPED = "auto_top_up_stopped"
    ERASURE_REQUESTED = "erasure_requested"
    ERASURE_TAKEN_BACK = "erasure_taken_back"
    NEW_SIGN_IN = "new_sign_in"
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SIGN_IN_LINKED = "sign_in_linked"
    SIGN_IN_UNLINKED = "sign_in_unlinked"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - news, not a secret
    WEBHOOK_DISABLED = "webhook_disabled"


NEWS_FRESH_FOR = timedelta(days=1)
"""How long news is worth a mail: an outage of ours ends in none that is not so any more."""


class MailState(StrEnum):
    """Where a mail is on its way; every state but QUEUED is final."""

    QUEUED = "queued"
    SENT = "sent"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"


@dataclass(frozen=True, kw_only=True)
class MailToken:
    """The stored half of a mailed token."""

    token_digest: SecretDigest
    user_id: UserId
    purpose: Purpose
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    address: EmailAddress | None = None
    """The address that it makes the account's; None where it makes none."""

    def redeemed(self, now: datetime, purpose: Purpose) -> "MailToken":
        """Return the used token, or raise InvalidToken."""
        if self.purpose is not purpose or self.used_at is not None or self.expires_at <= now:
            raise InvalidToken
        return replace(self, used_at=now)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail on its way; the token is the secret itself and is forgotten once the mail is final.

    It carries no name: strangers can sign somebody else's address up, and would write through us. News has
    no token, and `details` says what it is about, in the words that the mail shows.
    """

    mail_id: MailId
    user_id: UserId
    recipient: EmailAddress
    purpose: Purpose | Notice
    token: str
    expires_at: datetime
    created_at: datetime
    attempts: int = 0
    details: Mapping[str, str] = field(default_factory=dict)


def retry_at(mail: Mail, now: datetime) -> datetime | None:
    """When to try a mail again whose sending failed, or None to give it up."""
    due = now + min(_FIRST_DELAY * 2 ** max(mail.attempts - 1, 0), _DELAY_MAX)
    return None if mail.attempts >= ATTEMPTS_MAX or due >= mail.expires_at else due
