"""Makes a collection."""

from dataclasses import dataclass

from generation.application.standing_account import require_standing
from generation.domain.collection import COLLECTIONS_MAX, Collection
from generation.domain.errors import CollectionNameTaken, TooManyCollections
from generation.domain.identifiers import AccountId, CollectionId
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.unit_of_work import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class CreateCollectionHandler:
    """Answers with the new one, which is empty.

    Raises InvalidInput for a name that is none, CollectionNameTaken, TooManyCollections. Not idempotent: its
    name is taken from then on.
    """

    units: UnitsOfWork
    ids: IdSource
    clock: Clock

    async def __call__(self, account_id: AccountId, *, name: str) -> Collection:
        collection = Collection.opened(
            CollectionId(self.ids.new("col")), account_id, name=name, now=self.clock.now()
        )
        async with self.units.of(account_id) as work:
            # Two calls at once must pass neither the bound nor the name together.
            await require_standing(work, account_id)
            await work.collections.lock(account_id)
            await refuse_taken_name(work, collection)
            if await work.collections.count(account_id) >= COLLECTIONS_MAX:
                raise TooManyCollections(f"you have {COLLECTIONS_MAX} collections already; delete one first")
            await work.collections.add(collection)
        return collection


async def refuse_taken_name(work: UnitOfWork, collection: Collection) -> None:
    """Raise CollectionNameTaken where another collection of its account has its name."""
    known = await work.collections.named(collection.account_id, collection.name_key)
    if known is not None and known.collection_id != collection.collection_id:
        raise CollectionNameTaken(f"you have a collection called \u201c{known.name}\u201d already")
