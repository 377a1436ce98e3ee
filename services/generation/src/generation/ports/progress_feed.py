"""Tells whoever watches how far a job is."""

from typing import Protocol

from generation.domain.events import GenerationProgressed


class ProgressFeed(Protocol):
    """Lossy by design: a failure to tell is no failure of the job."""

    async def tell(self, event: GenerationProgressed) -> None:
        """Publish once, without a guarantee. Never raises."""
        ...
