"""What is forgotten of a person, and what was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from identity.domain.identifiers import UserId


class Erasures(Protocol):
    """The account's erasure."""

    async def erase(self, user_id: UserId, now: datetime) -> None:
        """Delete every row of the user's, whatever it is of, and note that this was done.

        What has to be known of a mailbox stays, and names no account any more.
        """
        ...

    async def note(self, user_id: UserId, part: str, now: datetime) -> None:
        """Store that a part of the product has erased what it kept; the first time counts."""
        ...

    async def erased(self, user_id: UserId) -> Mapping[str, datetime]:
        """Return which parts have erased what they kept, and when; empty for who was not erased."""
        ...
