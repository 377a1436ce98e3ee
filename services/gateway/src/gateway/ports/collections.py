"""Collections of generations, as the generation service keeps them."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.collection import Collection
from gateway.domain.identifiers import AccountId, CollectionId, GenerationId


class Collections(Protocol):
    """Every method has a deadline and raises errors of `gateway.domain.errors`.

    What is not this account's is not there: NotFound (COLLECTION_NOT_FOUND for a collection).
    """

    async def collections(
        self, account_id: AccountId, *, holding: GenerationId | None = None
    ) -> Sequence[Collection]:
        """Return this account's by name, or those alone that hold a generation. Raises NotFound."""
        ...

    async def collection(self, account_id: AccountId, collection_id: CollectionId) -> Collection:
        """Return one. Raises NotFound."""
        ...

    async def create_collection(self, account_id: AccountId, *, name: str) -> Collection:
        """Make an empty one.

        Raises InvalidRequest for a name that is none, Conflict (COLLECTION_NAME_TAKEN, TOO_MANY_COLLECTIONS).
        """
        ...

    async def rename_collection(
        self, account_id: AccountId, collection_id: CollectionId, *, name: str
    ) -> Collection:
        """Call it otherwise. Raises NotFound, InvalidRequest, Conflict (COLLECTION_NAME_TAKEN)."""
        ...

    async def delete_collection(self, account_id: AccountId, collection_id: CollectionId) -> None:
        """Delete it; its generations stay. Raises NotFound."""
        ...

    async def add_to_collection(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> Collection:
        """Put 1 to 100 generations in, all or none; again changes nothing.

        Raises NotFound, which names those that are not there, and InvalidRequest for another number of them.
        """
        ...

    async def remove_from_collection(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> Collection:
        """Take 1 to 100 generations out, all or none; they stay in the library. As `add_to_collection`."""
        ...
