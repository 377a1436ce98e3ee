"""Wakes whoever follows a run."""

from typing import Protocol

from generation.domain.identifiers import AttemptId


class Nudges(Protocol):
    """May be lost, and may come twice: whoever follows a run looks at it all the same, only later."""

    async def nudge(self, attempt_id: AttemptId) -> None:
        """Say that the attempt's run may have changed. Never raises."""
        ...
