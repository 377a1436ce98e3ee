"""The part of GenerationService that is about collections."""

from dataclasses import dataclass
from typing import Any

from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound import fields, messages
from generation.application.add_to_collection import AddToCollectionHandler
from generation.application.collection_change import CollectionChange
from generation.application.create_collection import CreateCollectionHandler
from generation.application.delete_collection import DeleteCollectionHandler
from generation.application.read_collections import ReadCollections
from generation.application.remove_from_collection import RemoveFromCollectionHandler
from generation.application.rename_collection import RenameCollection, RenameCollectionHandler
from generation.domain.collection import Collection


@dataclass(frozen=True)
class CollectionHandlers:
    """The use cases of collections."""

    read: ReadCollections
    create: CreateCollectionHandler
    rename: RenameCollectionHandler
    delete: DeleteCollectionHandler
    add: AddToCollectionHandler
    remove: RemoveFromCollectionHandler


class CollectionAnswers:
    """Answers the seven calls; refusals rise as domain errors."""

    _collections: CollectionHandlers

    async def ListCollections(
        self, request: pb.ListCollectionsRequest, context: Any
    ) -> pb.ListCollectionsResponse:
        """See the contract."""
        views = await self._collections.read.all(
            fields.account_id(request.account_id),
            holding=fields.generation_id(request.generation_id) if request.generation_id else None,
        )
        return pb.ListCollectionsResponse(collections=[messages.collection_message(view) for view in views])

    async def GetCollection(self, request: pb.GetCollectionRequest, context: Any) -> pb.GetCollectionResponse:
        """See the contract."""
        view = await self._collections.read.collection(
            fields.account_id(request.account_id), fields.collection_id(request.collection_id)
        )
        return pb.GetCollectionResponse(collection=messages.collection_message(view))

    async def CreateCollection(
        self, request: pb.CreateCollectionRequest, context: Any
    ) -> pb.CreateCollectionResponse:
        """See the contract."""
        made = await self._collections.create(fields.account_id(request.account_id), name=request.name)
        return pb.CreateCollectionResponse(collection=await self._message(made))

    async def RenameCollection(
        self, request: pb.RenameCollectionRequest, context: Any
    ) -> pb.RenameCollectionResponse:
        """See the contract."""
        renamed = await self._collections.rename(
            RenameCollection(
                account_id=fields.account_id(request.account_id),
                collection_id=fields.collection_id(request.collection_id),
                name=request.name,
            )
        )
        return pb.RenameCollectionResponse(collection=await self._message(renamed))

    async def DeleteCollection(
        self, request: pb.DeleteCollectionRequest, context: Any
    ) -> pb.DeleteCollectionResponse:
        """See the contract."""
        await self._collections.delete(
            fields.account_id(request.account_id), fields.collection_id(request.collection_id)
        )
        return pb.DeleteCollectionResponse()

    async def AddToCollection(
        self, request: pb.AddToCollectionRequest, context: Any
    ) -> pb.AddToCollectionResponse:
        """See the contract."""
        changed = await self._collections.add(_change(request))
        return pb.AddToCollectionResponse(collection=await self._message(changed))

    async def RemoveFromCollection(
        self, request: pb.RemoveFromCollectionRequest, context: Any
    ) -> pb.RemoveFromCollectionResponse:
        """See the contract."""
        changed = await self._collections.remove(_change(request))
        return pb.RemoveFromCollectionResponse(collection=await self._message(changed))

    async def _message(self, collection: Collection) -> pb.Collection:
        """Return a collection that was just changed, as its user sees it."""
        view = await self._collections.read.collection(collection.account_id, collection.collection_id)
        return messages.collection_message(view)


def _change(request: pb.AddToCollectionRequest | pb.RemoveFromCollectionRequest) -> CollectionChange:
    return CollectionChange(
        account_id=fields.account_id(request.account_id),
        collection_id=fields.collection_id(request.collection_id),
        generation_ids=fields.generation_ids(request.generation_ids),
    )
