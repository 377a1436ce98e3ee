"""Collections of jobs in memory, for tests."""

from collections.abc import Iterable, Sequence

from generation.adapters.outbound.memory_constraints import check_collected, check_collection, check_new
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.collection import Collection, CollectionSummary
from generation.domain.identifiers import AccountId, CollectionId, GenerationId


class MemoryCollections:
    """Collections in a dictionary, what is in them as pairs."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._account = account

    async def lock(self, account_id: AccountId) -> None:
        """See Collections: one transaction runs at a time."""

    async def add(self, collection: Collection) -> None:
        check_new(collection.collection_id, self._tables.collections)
        check_collection(collection, self._tables)
        self._tables.collections[collection.collection_id] = collection

    async def save(self, collection: Collection) -> None:
        check_collection(collection, self._tables)
        if await self.get(collection.collection_id):
            self._tables.collections[collection.collection_id] = collection

    async def get(self, collection_id: CollectionId) -> Collection | None:
        return next((row for row in self._seen() if row.collection_id == collection_id), None)

    async def named(self, account_id: AccountId, name_key: str) -> Collection | None:
        return next((row for row in self._of(account_id) if row.name_key == name_key), None)

    async def count(self, account_id: AccountId) -> int:
        return len(self._of(account_id))

    async def remove(self, collection_id: CollectionId) -> None:
        if await self.get(collection_id):
            del self._tables.collections[collection_id]
            self._tables.collected = {pair for pair in self._tables.collected if pair[0] != collection_id}

    async def put(self, collection: Collection, generation_ids: Iterable[GenerationId]) -> None:
        for generation_id in generation_ids:
            check_collected(collection.collection_id, generation_id, self._tables)
            self._tables.collected.add((collection.collection_id, generation_id))

    async def take(self, collection: Collection, generation_ids: Iterable[GenerationId]) -> None:
        if await self.get(collection.collection_id):
            self._tables.collected -= {(collection.collection_id, each) for each in generation_ids}

    async def forget(self, generation_id: GenerationId) -> None:
        seen = {row.collection_id for row in self._seen()}
        self._tables.collected -= {(each, generation_id) for each in seen}

    async def summaries(
        self,
        account_id: AccountId,
        *,
        only: CollectionId | None = None,
        holding: GenerationId | None = None,
    ) -> Sequence[CollectionSummary]:
        wanted = [
            row
            for row in sorted(self._of(account_id), key=lambda row: row.name_key)
            if only in (None, row.collection_id)
            and (holding is None or (row.collection_id, holding) in self._tables.collected)
        ]
        return [self._summary(row) for row in wanted]

    def _summary(self, collection: Collection) -> CollectionSummary:
        held = {
            generation_id
            for collection_id, generation_id in self._tables.collected
            if collection_id == collection.collection_id
            and self._tables.generations[generation_id].deleted_at is None
        }
        shown = {
            output.generation_id
            for output in self._tables.outputs
            if output.thumbnail_key and not output.expired_at
        }
        return CollectionSummary(
            collection=collection, generation_count=len(held), cover_id=max(held & shown, default=None)
        )

    def _of(self, account_id: AccountId) -> list[Collection]:
        return [row for row in self._seen() if row.account_id == account_id]

    def _seen(self) -> list[Collection]:
        return [row for row in self._tables.collections.values() if self._account in (None, row.account_id)]
