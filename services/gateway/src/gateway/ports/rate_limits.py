"""How much of something one user or one address may do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Limit(StrEnum):
    """What is counted."""

    GENERATIONS = "generations"
    QUOTES = "quotes"
    AUTH = "auth"
    CHECKOUT = "checkout"
    READS = "reads"
    CHANGES = "changes"
    SHARED = "shared"
    UPLOADS = "uploads"
    WEBHOOKS = "webhooks"
    EXPORTS = "exports"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What is left of a limit; times in seconds."""

    limit: Limit
    allowed: int
    window_s: int
    remaining: int
    reset_s: int
    admitted: bool


class RateLimits(Protocol):
    """Counts calls, over all replicas that share a store."""

    async def hit(self, limit: Limit, key: str) -> Quota:
        """Count one call. Raises Unavailable when the store can't answer: nothing passes uncounted."""
        ...
