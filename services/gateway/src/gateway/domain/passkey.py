"""A passkey, as its person sees it."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.identifiers import PasskeyId


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """What opens an account by itself, without its keys."""

    passkey_id: PasskeyId
    name: str
    backed_up: bool
    """Whether it is kept in a key ring that outlives the device."""
    created_at: datetime
    last_used_at: datetime | None
    copy_seen_at: datetime | None
    """When a copy of it seemed to be used last."""


@dataclass(frozen=True, kw_only=True)
class OwnPasskeys:
    """All of a person's, the oldest first."""

    passkeys: tuple[Passkey, ...]
    available: bool
    """Whether browsers make new ones for our address."""
