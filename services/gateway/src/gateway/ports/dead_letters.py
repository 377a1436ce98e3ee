"""What one service gave up."""

from typing import Protocol

from gateway.domain.administration import Actor
from gateway.domain.dead_letter import DeadLetter
from gateway.domain.identifiers import DeadLetterId
from gateway.domain.page import Page


class DeadLetters(Protocol):
    """Every method has a deadline, and raises Forbidden (NOT_STAFF) for an actor without a role."""

    async def page(self, actor: Actor, *, cursor: str | None, limit: int) -> Page[DeadLetter]:
        """List what waits, the newest first; a cursor is the place of any letter, of whichever service."""
        ...

    async def find(self, actor: Actor, letter_id: DeadLetterId) -> DeadLetter:
        """Read one, replayed or not. Raises NotFound (DEAD_LETTER_NOT_FOUND)."""
        ...

    async def replay(self, actor: Actor, letter_id: DeadLetterId, *, reason: str | None) -> DeadLetter:
        """Have it applied again, once; one that fails again waits on, with its new error.

        Raises Forbidden (NOT_AN_ADMIN), NotFound (DEAD_LETTER_NOT_FOUND).
        """
        ...
