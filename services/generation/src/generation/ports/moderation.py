"""Who says what is not to be made."""

from collections.abc import Sequence
from typing import Protocol

from generation.domain.moderation import Category


class ModerationUnavailable(Exception):
    """Nobody says now; asking again after `retry_after_s` may help."""

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Moderation(Protocol):
    """Reads texts and keeps nothing of them."""

    async def refused(self, texts: Sequence[str]) -> frozenset[Category]:
        """Return what these texts are refused for; nothing where they are not.

        The same texts may be asked about again. Raises ModerationUnavailable, within some seconds.
        """
        ...
