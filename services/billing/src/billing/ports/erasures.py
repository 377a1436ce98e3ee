"""The part of the unit of work about accounts that are erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.identifiers import UserId


class Erasures(Protocol):
    """Notes of them stay for good."""

    async def begin_erasure(self, user_id: UserId, *, now: datetime) -> bool:
        """Note that an account is to be erased; False, changing nothing, where that was noted before.

        Waits for the transactions that have looked (`is_erased`): what they store is there to be erased.
        """

    async def is_erased(self, user_id: UserId) -> bool:
        """Whether an account is erased, or about to be; it stays as it is until the transaction ends.

        Asked for before any row is locked, so that two transactions never wait for each other.
        """

    async def unfinished_erasures(self, *, after: UserId | None = None, limit: int) -> Sequence[UserId]:
        """Return accounts of which something may be left, by id, those after one."""

    async def erase_customer(self, user_id: UserId) -> None:
        """Delete what joins the account to a person; what was bought and paid stays. Idempotent."""

    async def finish_erasure(self, user_id: UserId, *, now: datetime) -> bool:
        """Note that nothing is left; False, changing nothing, where that was noted before."""
