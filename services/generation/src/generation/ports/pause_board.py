"""Where workers say which providers they leave alone."""

from collections.abc import Sequence
from typing import Protocol

from generation.domain.provider_pause import ProviderPause


class PauseBoard(Protocol):
    """Tells whoever listens now, and nobody later: what is not heard is said again."""

    async def tell(self, worker: str, pauses: Sequence[ProviderPause]) -> None:
        """Say all that a worker leaves alone. Raises nothing: it is for people to see, and no job waits."""
        ...
