"""Takes jobs out of a collection."""

from dataclasses import dataclass

from generation.application.collection_change import CollectionChange, changed_collection
from generation.domain.collection import Collection
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class RemoveFromCollectionHandler:
    """Takes all of them out, or none; one that is not in it is no error. Idempotent.

    Raises CollectionNotFound, and GenerationNotFound, which names those that are not there.
    """

    units: UnitsOfWork

    async def __call__(self, change: CollectionChange) -> Collection:
        async with self.units.of(change.account_id) as work:
            collection = await changed_collection(work, change)
            await work.collections.take(collection, change.generation_ids)
        return collection
