"""Deletes a collection."""

from dataclasses import dataclass

from generation.domain.collection import own_collection
from generation.domain.identifiers import AccountId, CollectionId
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class DeleteCollectionHandler:
    """Forgets the name and what was under it; the jobs stay. Raises CollectionNotFound."""

    units: UnitsOfWork

    async def __call__(self, account_id: AccountId, collection_id: CollectionId) -> None:
        async with self.units.of(account_id) as work:
            await work.collections.lock(account_id)
            own_collection(await work.collections.get(collection_id), account_id)
            await work.collections.remove(collection_id)
