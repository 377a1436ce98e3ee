"""A second factor: codes of an app (RFC 6238), and codes on paper for when the app is lost."""

import base64
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from identity.domain.identifiers import UserId
from identity.domain.secret import SecretDigest, digest

RECOVERY_CODES = 10
CHALLENGE_LIFE = timedelta(minutes=5)
TRIES_MAX = 5
_CODE_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class SecondFactor:
    """What a person's app knows, sealed; it counts once a code of it was shown."""

    user_id: UserId
    sealed_secret: bytes
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    """The half minute whose code was used last: no code counts twice."""

    def used(self, step: int) -> "SecondFactor":
        """Return the factor after a code of this half minute."""
        return replace(self, last_step=step)


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A sign-in whose password was right, and which waits for a code."""

    token_digest: SecretDigest
    user_id: UserId
    is_known_device: bool
    expires_at: datetime
    tries: int = 0
    used_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Whether a code may still be shown."""
        return self.used_at is None and now < self.expires_at and self.tries < TRIES_MAX


def recovery_code(secret: str) -> str:
    """Return 80 bits of a secret as a person writes them down: four groups of letters and digits."""
    letters = base64.b32encode(digest(secret)).decode().lower()[:_CODE_LENGTH]
    return "-".join(letters[place : place + 4] for place in range(0, _CODE_LENGTH, 4))


def recovery_digest(code: str) -> SecretDigest:
    """Return what is kept of a recovery code, however its letters and dashes were typed."""
    return digest("".join(character for character in code.lower() if character.isalnum()))
