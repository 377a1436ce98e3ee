"""Collections over gRPC."""

from collections.abc import Sequence

import grpc
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as rpc

from gateway.adapters.outbound import generation_messages as messages
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.domain.collection import Collection
from gateway.domain.identifiers import AccountId, CollectionId, GenerationId


class GrpcCollections:
    """Speaks to GenerationService; implements Collections."""

    def __init__(self, channel: grpc.aio.Channel, *, origin: str = "") -> None:
        self._stub = rpc.GenerationServiceStub(channel)
        self._read = messages.WithOutputs(origin)

    async def collections(
        self, account_id: AccountId, *, holding: GenerationId | None = None
    ) -> Sequence[Collection]:
        """See Collections."""
        request = pb.ListCollectionsRequest(account_id=account_id, generation_id=holding or "")
        with remote_calls("generation"):
            answer = await self._stub.ListCollections(request, timeout=READ_DEADLINE_S)
        return [self._read.collection(collection) for collection in answer.collections]

    async def collection(self, account_id: AccountId, collection_id: CollectionId) -> Collection:
        """See Collections."""
        request = pb.GetCollectionRequest(account_id=account_id, collection_id=collection_id)
        with remote_calls("generation"):
            answer = await self._stub.GetCollection(request, timeout=READ_DEADLINE_S)
        return self._read.collection(answer.collection)

    async def create_collection(self, account_id: AccountId, *, name: str) -> Collection:
        """See Collections."""
        request = pb.CreateCollectionRequest(account_id=account_id, name=name)
        with remote_calls("generation"):
            answer = await self._stub.CreateCollection(request, timeout=COMMAND_DEADLINE_S)
        return self._read.collection(answer.collection)

    async def rename_collection(
        self, account_id: AccountId, collection_id: CollectionId, *, name: str
    ) -> Collection:
        """See Collections."""
        request = pb.RenameCollectionRequest(account_id=account_id, collection_id=collection_id, name=name)
        with remote_calls("generation"):
            answer = await self._stub.RenameCollection(request, timeout=COMMAND_DEADLINE_S)
        return self._read.collection(answer.collection)

    async def delete_collection(self, account_id: AccountId, collection_id: CollectionId) -> None:
        """See Collections."""
        request = pb.DeleteCollectionRequest(account_id=account_id, collection_id=collection_id)
        with remote_calls("generation"):
            await self._stub.DeleteCollection(request, timeout=COMMAND_DEADLINE_S)

    async def add_to_collection(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> Collection:
        """See Collections."""
        request = pb.AddToCollectionRequest(
            account_id=account_id, collection_id=collection_id, generation_ids=generation_ids
        )
        with remote_calls("generation"):
            answer = await self._stub.AddToCollection(request, timeout=COMMAND_DEADLINE_S)
        return self._read.collection(answer.collection)

    async def remove_from_collection(
        self, account_id: AccountId, collection_id: CollectionId, generation_ids: Sequence[GenerationId]
    ) -> Collection:
        """See Collections."""
        request = pb.RemoveFromCollectionRequest(
            account_id=account_id, collection_id=collection_id, generation_ids=generation_ids
        )
        with remote_calls("generation"):
            answer = await self._stub.RemoveFromCollection(request, timeout=COMMAND_DEADLINE_S)
        return self._read.collection(answer.collection)
