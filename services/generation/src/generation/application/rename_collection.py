"""Gives a collection another name."""

from dataclasses import dataclass

from generation.application.create_collection import refuse_taken_name
from generation.domain.collection import Collection, own_collection
from generation.domain.identifiers import AccountId, CollectionId
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class RenameCollection:
    """Whose, which, and what it is to be called."""

    account_id: AccountId
    collection_id: CollectionId
    name: str


@dataclass(frozen=True)
class RenameCollectionHandler:
    """Changes the name alone. Idempotent.

    Raises CollectionNotFound, InvalidInput for a name that is none, CollectionNameTaken.
    """

    units: UnitsOfWork

    async def __call__(self, command: RenameCollection) -> Collection:
        async with self.units.of(command.account_id) as work:
            await work.collections.lock(command.account_id)
            found = await work.collections.get(command.collection_id)
            renamed = own_collection(found, command.account_id).renamed(command.name)
            await refuse_taken_name(work, renamed)
            await work.collections.save(renamed)
        return renamed
