"""Accounts that are erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from generation.domain.identifiers import AccountId, GenerationId


class Erasures(Protocol):
    """Notes of them, which stay for good, and the deleting itself."""

    async def begin(self, account_id: AccountId, *, now: datetime) -> bool:
        """Note that an account is to be erased; False, changing nothing, where that was noted before.

        Waits for the transactions that have looked (`is_begun`): what they store is there to be erased.
        """
        ...

    async def is_begun(self, account_id: AccountId) -> bool:
        """Whether an account is erased, or about to be; it stays as it is until the transaction ends."""
        ...

    async def wait_for_stores(self, account_id: AccountId) -> None:
        """Wait for the transactions that have looked (`is_begun`): what they store is seen from then on."""
        ...

    async def unfinished(self, *, after: AccountId | None = None, limit: int) -> Sequence[AccountId]:
        """Return accounts of which something may be left, by id, those after one."""
        ...

    async def open_jobs(self, account_id: AccountId, *, limit: int) -> Sequence[GenerationId]:
        """Return jobs of the account that have not ended."""
        ...

    async def erase(self, account_id: AccountId, *, now: datetime, limit: int) -> int:
        """Delete some of what is left, at most so many rows of each kind; return how many, zero for none.

        Files are queued for removal with their rows. Of jobs and tries stays what the books need. No job of
        the account is open.
        """
        ...

    async def finish(self, account_id: AccountId, *, now: datetime) -> bool:
        """Note that nothing is left; False, changing nothing, where that was noted before."""
        ...
