"""Puts jobs into a collection."""

from dataclasses import dataclass

from generation.application.collection_change import CollectionChange, changed_collection
from generation.domain.collection import Collection
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class AddToCollectionHandler:
    """Puts all of them in, or none. Idempotent.

    Raises CollectionNotFound, and GenerationNotFound, which names those that are not there.
    """

    units: UnitsOfWork

    async def __call__(self, change: CollectionChange) -> Collection:
        async with self.units.of(change.account_id) as work:
            collection = await changed_collection(work, change)
            await work.collections.put(collection, change.generation_ids)
        return collection
