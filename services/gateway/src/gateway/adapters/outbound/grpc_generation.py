"""Generation over gRPC."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import grpc
from chassis.timestamps import to_datetime, to_timestamp
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as rpc

from gateway.adapters.outbound import generation_messages as messages
from gateway.adapters.outbound.remote import COMMAND_DEADLINE_S, READ_DEADLINE_S, remote_calls
from gateway.adapters.outbound.wire import struct
from gateway.domain.api_key import KeyGrant
from gateway.domain.generation import (
    EVERY_GENERATION,
    Document,
    Generation,
    LibraryFilter,
    Model,
    NewGeneration,
    Quote,
)
from gateway.domain.identifiers import AccountId, GenerationId, ModelId, ShareId
from gateway.domain.page import Page
from gateway.domain.share import Share, Shared
from gateway.domain.usage import ModelUsage


class GrpcGenerations:
    """Speaks to GenerationService; implements Generations."""

    def __init__(self, channel: grpc.aio.Channel, *, origin: str = "") -> None:
        self._stub = rpc.GenerationServiceStub(channel)
        self._read = messages.WithOutputs(origin)

    async def models(self, account_id: AccountId | None = None) -> Sequence[Model]:
        """See Generations."""
        request = pb.ListModelsRequest(account_id=account_id or "")
        with remote_calls("generation"):
            answer = await self._stub.ListModels(request, timeout=READ_DEADLINE_S)
        return [messages.model(model) for model in answer.models]

    async def model(self, model_id: ModelId, account_id: AccountId | None = None) -> Model:
        """See Generations."""
        request = pb.GetModelRequest(model_id=model_id, account_id=account_id or "")
        with remote_calls("generation"):
            answer = await self._stub.GetModel(request, timeout=READ_DEADLINE_S)
        return messages.model(answer.model)

    async def quote(self, account_id: AccountId, *, model_id: ModelId, job: Document) -> Quote:
        """See Generations."""
        request = pb.CreateQuoteRequest(account_id=account_id, model_id=model_id, input=struct(job))
        with remote_calls("generation"):
            answer = await self._stub.CreateQuote(request, timeout=READ_DEADLINE_S)
        return messages.quote(answer)

    async def create(self, account_id: AccountId, new: NewGeneration) -> tuple[Generation, bool]:
        """See Generations."""
        with remote_calls("generation"):
            answer = await self._stub.CreateGeneration(
                create_request(account_id, new), timeout=COMMAND_DEADLINE_S
            )
        return self._read.generation(answer.generation), answer.replayed

    async def generation(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        request = pb.GetGenerationRequest(account_id=account_id, generation_id=generation_id)
        with remote_calls("generation"):
            answer = await self._stub.GetGeneration(request, timeout=READ_DEADLINE_S)
        return self._read.generation(answer.generation)

    async def page(
        self,
        account_id: AccountId,
        *,
        wanted: LibraryFilter = EVERY_GENERATION,
        cursor: str | None,
        limit: int,
    ) -> Page[Generation]:
        """See Generations."""
        request = pb.ListGenerationsRequest(
            account_id=account_id,
            statuses=[messages.status_value(status) for status in wanted.statuses],
            model_id=wanted.model_id or "",
            modality=messages.modality_value(wanted.modality),
            created_from=to_timestamp(wanted.created_from),
            created_before=to_timestamp(wanted.created_before),
            favourites_only=wanted.favourites_only,
            search=wanted.search or "",
            collection_id=wanted.collection_id or "",
            page_size=limit,
            page_token=cursor or "",
        )
        with remote_calls("generation"):
            answer = await self._stub.ListGenerations(request, timeout=READ_DEADLINE_S)
        items = [self._read.generation(generation) for generation in answer.generations]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def mark_favourite(
        self, account_id: AccountId, generation_id: GenerationId, *, is_favourite: bool
    ) -> Generation:
        """See Generations."""
        request = pb.MarkFavouriteRequest(
            account_id=account_id, generation_id=generation_id, is_favourite=is_favourite
        )
        with remote_calls("generation"):
            answer = await self._stub.MarkFavourite(request, timeout=COMMAND_DEADLINE_S)
        return self._read.generation(answer.generation)

    async def cancel(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        request = pb.CancelGenerationRequest(account_id=account_id, generation_id=generation_id)
        with remote_calls("generation"):
            answer = await self._stub.CancelGeneration(request, timeout=COMMAND_DEADLINE_S)
        return self._read.generation(answer.generation)

    async def withdraw(self, account_id: AccountId, idempotency_key: str) -> Generation:
        """See Generations."""
        request = pb.CancelGenerationRequest(account_id=account_id, idempotency_key=idempotency_key)
        with remote_calls("generation"):
            answer = await self._stub.CancelGeneration(request, timeout=READ_DEADLINE_S)
        return self._read.generation(answer.generation)

    async def delete(self, account_id: AccountId, generation_id: GenerationId) -> None:
        """See Generations."""
        request = pb.DeleteGenerationRequest(account_id=account_id, generation_id=generation_id)
        with remote_calls("generation"):
            await self._stub.DeleteGeneration(request, timeout=COMMAND_DEADLINE_S)

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        """See Generations."""
        request = pb.SummarizeUsageRequest(
            account_id=account_id, bounds=[to_timestamp(bound) for bound in bounds]
        )
        with remote_calls("generation"):
            answer = await self._stub.SummarizeUsage(request, timeout=READ_DEADLINE_S)
        return [messages.usage(each) for each in answer.usage]

    async def discard(self, account_id: AccountId, generation_id: GenerationId) -> datetime:
        """See Generations."""
        request = pb.DeleteGenerationRequest(
            account_id=account_id, generation_id=generation_id, restorable=True
        )
        with remote_calls("generation"):
            answer = await self._stub.DeleteGeneration(request, timeout=COMMAND_DEADLINE_S)
        return to_datetime(answer.restorable_until)

    async def restore(self, account_id: AccountId, generation_id: GenerationId) -> Generation:
        """See Generations."""
        request = pb.RestoreGenerationRequest(account_id=account_id, generation_id=generation_id)
        with remote_calls("generation"):
            answer = await self._stub.RestoreGeneration(request, timeout=COMMAND_DEADLINE_S)
        return self._read.generation(answer.generation)

    async def receive_webhook(
        self, provider: str, *, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> None:
        """See Generations."""
        request = pb.ReceiveProviderWebhookRequest(provider=provider, body=body, headers=headers, query=query)
        with remote_calls("generation"):
            await self._stub.ReceiveProviderWebhook(request, timeout=READ_DEADLINE_S)


class GrpcShares:
    """Speaks to GenerationService; implements Shares."""

    def __init__(self, channel: grpc.aio.Channel, *, origin: str = "") -> None:
        self._stub = rpc.GenerationServiceStub(channel)
        self._read = messages.WithOutputs(origin)

    async def create_share(
        self, account_id: AccountId, generation_id: GenerationId, *, lifetime_s: int, shows_prompt: bool
    ) -> tuple[Share, str]:
        """See Shares."""
        request = pb.CreateShareRequest(
            account_id=account_id,
            generation_id=generation_id,
            lifetime_s=lifetime_s,
            shows_prompt=shows_prompt,
        )
        with remote_calls("generation"):
            answer = await self._stub.CreateShare(request, timeout=COMMAND_DEADLINE_S)
        return messages.share(answer.share), answer.token

    async def shares_of(self, account_id: AccountId, generation_id: GenerationId) -> Sequence[Share]:
        """See Shares."""
        request = pb.ListSharesRequest(account_id=account_id, generation_id=generation_id)
        with remote_calls("generation"):
            answer = await self._stub.ListShares(request, timeout=READ_DEADLINE_S)
        return [messages.share(share) for share in answer.shares]

    async def withdraw_share(
        self, account_id: AccountId, generation_id: GenerationId, share_id: ShareId
    ) -> None:
        """See Shares."""
        request = pb.WithdrawShareRequest(
            account_id=account_id, generation_id=generation_id, share_id=share_id
        )
        with remote_calls("generation"):
            await self._stub.WithdrawShare(request, timeout=COMMAND_DEADLINE_S)

    async def shared(self, token: str) -> Shared:
        """See Shares."""
        with remote_calls("generation"):
            answer = await self._stub.GetShared(pb.GetSharedRequest(token=token), timeout=READ_DEADLINE_S)
        return self._read.shared(answer)


def create_request(account_id: AccountId, new: NewGeneration) -> pb.CreateGenerationRequest:
    """Return what is asked for, as the contract has it."""
    return pb.CreateGenerationRequest(
        account_id=account_id,
        model_id=new.model_id,
        input=struct(new.input),
        quote_id=new.quote_id or "",
        provider_order=new.provider_order,
        metadata=struct(new.metadata),
        idempotency_key=new.idempotency_key,
        api_key=key_use(new.key),
    )


def key_use(key: KeyGrant | None) -> pb.ApiKeyUse | None:
    """Return the API key that asks, as the contract says it."""
    if key is None:
        return None
    return pb.ApiKeyUse(
        key_id=key.key_id, name=key.terms.name, monthly_credits_max=key.terms.monthly_credits_max
    )
