"""A key by which a person's programs act for them, within what the key allows."""

import string
import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from identity.domain.errors import InvalidField
from identity.domain.identifiers import ApiKeyId, IdempotencyKey, ModelId, UserId
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress, Role

PREFIX = "tt_live_"
"""What scanners of source code look for."""
STANDING_MAX = 50
"""Keys that a person may have at a time."""
NAME_LENGTH_MAX = 100
MODELS_MAX = 50
MODEL_ID_LENGTH_MAX = 200
MONTHLY_CREDITS_MAX = 1_000_000_000
_CHECKSUM_LENGTH = 6
_HINT_LENGTH = 4
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


class Scope(StrEnum):
    """What a key may do; whatever no scope names is for people alone."""

    GENERATIONS_READ = "generations:read"
    GENERATIONS_WRITE = "generations:write"
    BILLING_READ = "billing:read"
    ACCOUNT_READ = "account:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


@dataclass(frozen=True, kw_only=True)
class ApiKeyTerms:
    """What a person says of a key that they make."""

    name: str
    scopes: frozenset[Scope]
    model_ids: tuple[ModelId, ...] = ()
    """The models that it may run; empty for all of them."""
    expires_at: datetime | None = None
    monthly_credits_max: int | None = None
    """Credits that it may reserve in a calendar month (UTC); None for as many as there are."""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """One key, of which only a digest is kept."""

    key_id: ApiKeyId
    user_id: UserId
    idempotency_key: IdempotencyKey
    """By which its creation is known again when it is asked for a second time."""
    key_digest: SecretDigest
    hint: str
    """The last characters, by which people tell their keys apart."""
    terms: ApiKeyTerms
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def revoked(self, now: datetime) -> "ApiKey":
        """Return the key as good no longer; the first revocation's time stays."""
        return self if self.revoked_at else replace(self, revoked_at=now)

    def stands(self, now: datetime) -> bool:
        """Whether it is good: neither revoked nor expired."""
        expires_at = self.terms.expires_at
        return self.revoked_at is None and (expires_at is None or now < expires_at)


@dataclass(frozen=True, kw_only=True)
class StandingKey:
    """A key that is good, and whom it speaks for."""

    key: ApiKey
    email: EmailAddress
    role: Role


def key_text(secret: str) -> str:
    """Return a secret as the key that people are shown: its checksum tells scanners that it is one."""
    number, checksum = zlib.crc32(secret.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        checksum = _DIGITS[digit] + checksum
    return f"{PREFIX}{secret}{checksum}"


def hint_of(key: str) -> str:
    """Return what may be shown of a key later: of its checksum, which tells nothing of the rest."""
    return key[-_HINT_LENGTH:]


def require_sound(terms: ApiKeyTerms, now: datetime) -> None:
    """Raise InvalidField, naming the field, for terms that no key can have."""
    if not 1 <= len(terms.name) <= NAME_LENGTH_MAX or not terms.name.isprintable():
        raise InvalidField(f"A key's name has 1 to {NAME_LENGTH_MAX} printable characters.", field="name")
    if not terms.scopes:
        raise InvalidField("A key needs at least one scope.", field="scopes")
    if len(terms.model_ids) > MODELS_MAX:
        raise InvalidField(f"A key names at most {MODELS_MAX} models, or none for all.", field="model_ids")
    if not all(map(_could_be_a_model, terms.model_ids)):
        raise InvalidField(
            f"A model's id has 1 to {MODEL_ID_LENGTH_MAX} printable characters.", field="model_ids"
        )
    if terms.expires_at is not None and terms.expires_at <= now:
        raise InvalidField("A key expires in the future, or never.", field="expires_at")
    credits_max = terms.monthly_credits_max
    if credits_max is not None and not 1 <= credits_max <= MONTHLY_CREDITS_MAX:
        raise InvalidField(
            f"A monthly limit is 1 to {MONTHLY_CREDITS_MAX:,} credits, or none.", field="monthly_credits_max"
        )


def _could_be_a_model(model_id: ModelId) -> bool:
    return 1 <= len(model_id) <= MODEL_ID_LENGTH_MAX and model_id.isprintable()
