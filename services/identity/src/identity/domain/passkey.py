"""A passkey (WebAuthn): a key of a person's device or key ring, of which the public half is kept."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.errors import InvalidField
from identity.domain.identifiers import PasskeyId, UserId
from identity.domain.passkey_errors import CeremonyEnded, PasskeyCopied
from identity.domain.secret import SecretDigest

PASSKEYS_MAX = 20
NAME_LENGTH_MAX = 64
CEREMONY_LIFE = timedelta(minutes=5)


class CeremonyKind(StrEnum):
    """What an authenticator is asked for; what answers one answers no other."""

    ADD = "add"
    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    STEP_UP = "step_up"


@dataclass(frozen=True, kw_only=True)
class Ceremony:
    """The stored half of a challenge, which is good for one answer."""

    challenge_digest: SecretDigest
    kind: CeremonyKind
    user_id: UserId | None
    """Who has to answer; None where whoever signs in says so by the answer."""
    expires_at: datetime

    def require_of(self, kind: CeremonyKind, user_id: UserId | None) -> None:
        """Raise CeremonyEnded unless it was begun for this, by this person."""
        if self.kind is not kind or self.user_id != user_id:
            raise CeremonyEnded


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a browser brought from an authenticator: read, and not believed yet."""

    challenge: str
    """In base64url without padding, as it was handed out."""
    credential_id: bytes
    user_handle: str | None
    """Whose account the authenticator says the passkey opens; None where it says nothing."""
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class NewCredential:
    """What an authenticator made, verified."""

    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: tuple[str, ...]
    backed_up: bool


@dataclass(frozen=True, kw_only=True)
class Use:
    """What an authenticator signed, verified."""

    sign_count: int
    backed_up: bool


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """A credential that opens an account; no other account is opened by it."""

    passkey_id: PasskeyId
    user_id: UserId
    credential_id: bytes
    public_key: bytes = field(repr=False)
    """As COSE writes it (RFC 9052), in CBOR."""
    sign_count: int
    """How often it was used, as the authenticator counts; 0 for ever where that does not count."""
    transports: tuple[str, ...]
    name: str
    backed_up: bool
    """Whether it outlives the device, in somebody's key ring."""
    created_at: datetime
    last_used_at: datetime | None = None
    copy_seen_at: datetime | None = None
    """When a copy of it seemed to be used last."""

    @property
    def words(self) -> str:
        """What a mail calls it: by no name, since a stranger to the mailbox may have chosen that."""
        return f"the passkey of {self.created_at:%d %B %Y}"

    def used(self, use: Use, now: datetime) -> "Passkey":
        """Return it after a use.

        Raises PasskeyCopied where the authenticator's count does not go on: another one has the key as well
        (Web Authentication level 3, section 6.1.1).
        """
        if (use.sign_count or self.sign_count) and use.sign_count <= self.sign_count:
            raise PasskeyCopied
        return replace(self, sign_count=use.sign_count, backed_up=use.backed_up, last_used_at=now)

    def copied(self, now: datetime) -> "Passkey":
        """Return it after a copy seemed to be used; the count stays what the owner's authenticator said."""
        return replace(self, copy_seen_at=now)


def checked_name(text: str) -> str:
    """Return what a person calls a passkey; raises InvalidField."""
    name = text.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidField(f"A name has 1 to {NAME_LENGTH_MAX} printable characters.", field="name")
    return name
