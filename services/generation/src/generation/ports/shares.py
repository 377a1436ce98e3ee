"""Links to jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from generation.domain.identifiers import GenerationId, ShareId
from generation.domain.share import Share


class Shares(Protocol):
    """The table of them. One account's transaction sees its own only."""

    async def add(self, share: Share) -> None:
        """Store a new link."""
        ...

    async def of(self, generation_id: GenerationId) -> Sequence[Share]:
        """Return a job's links, newest first, expired ones too."""
        ...

    async def with_hash(self, token_hash: str) -> Share | None:
        """Return the link whose token has this hash."""
        ...

    async def remove(self, generation_id: GenerationId, share_id: ShareId | None = None) -> None:
        """Forget one link of a job, or all of them. Idempotent."""
        ...

    async def remove_expired(self, generation_id: GenerationId, *, now: datetime) -> None:
        """Forget a job's links that no longer work."""
        ...


class TokenSource(Protocol):
    """Makes what nobody can guess."""

    def new(self) -> str:
        """Return 32 random bytes in 43 letters, digits, `-` and `_`."""
        ...
