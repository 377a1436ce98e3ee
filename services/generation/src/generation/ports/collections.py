"""Collections of jobs."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from generation.domain.collection import Collection, CollectionSummary
from generation.domain.identifiers import AccountId, CollectionId, GenerationId


class Collections(Protocol):
    """Two tables: collections, and what is in them. One account's transaction sees its own only."""

    async def lock(self, account_id: AccountId) -> None:
        """Let no other transaction that calls this for the account go on until this one ends."""
        ...

    async def add(self, collection: Collection) -> None:
        """Store a new one, empty."""
        ...

    async def save(self, collection: Collection) -> None:
        """Store the name that it has now."""
        ...

    async def get(self, collection_id: CollectionId) -> Collection | None:
        """Read one."""
        ...

    async def named(self, account_id: AccountId, name_key: str) -> Collection | None:
        """Return the account's collection whose `name_key` is this."""
        ...

    async def count(self, account_id: AccountId) -> int:
        """Return how many the account has."""
        ...

    async def remove(self, collection_id: CollectionId) -> None:
        """Forget one and what was in it; the jobs stay. Idempotent."""
        ...

    async def put(self, collection: Collection, generation_ids: Iterable[GenerationId]) -> None:
        """Put jobs into one. Idempotent."""
        ...

    async def take(self, collection: Collection, generation_ids: Iterable[GenerationId]) -> None:
        """Take jobs out of one. Idempotent."""
        ...

    async def forget(self, generation_id: GenerationId) -> None:
        """Take a job out of every collection."""
        ...

    async def summaries(
        self,
        account_id: AccountId,
        *,
        only: CollectionId | None = None,
        holding: GenerationId | None = None,
    ) -> Sequence[CollectionSummary]:
        """Return the account's collections by `name_key`, or that one, or those that hold a job.

        Neither count nor cover knows deleted jobs; a cover is a job with a thumbnail.
        """
        ...
