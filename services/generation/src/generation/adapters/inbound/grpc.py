"""tintype.generation.v1.GenerationService over gRPC: parse, call the use case, render."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from chassis.timestamps import to_timestamp
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as pb_grpc

from generation.adapters.inbound import fields, listing, messages
from generation.adapters.inbound.asked_generation import asked_generation
from generation.adapters.inbound.grpc_collections import CollectionAnswers, CollectionHandlers
from generation.adapters.inbound.grpc_margins import MarginAnswers
from generation.adapters.inbound.grpc_pauses import PauseAnswers
from generation.adapters.inbound.grpc_shares import ShareAnswers, ShareHandlers
from generation.adapters.inbound.grpc_uploads import UploadAnswers, UploadHandlers
from generation.adapters.inbound.grpc_usage import UsageAnswers
from generation.application.cancel_generation import CancelGenerationHandler
from generation.application.create_generation import CreateGenerationHandler
from generation.application.create_quote import CreateQuote, CreateQuoteHandler
from generation.application.delete_generation import DeleteGenerationHandler
from generation.application.discard_generation import DiscardGenerationHandler
from generation.application.known_pauses import KnownPauses
from generation.application.mark_favourite import MarkFavourite, MarkFavouriteHandler
from generation.application.read_generations import ReadGenerations
from generation.application.read_margin import ReadMarginHandler
from generation.application.read_models import ReadModels
from generation.application.read_output import ReadOutputHandler
from generation.application.read_settlements import ReadSettlements
from generation.application.read_usage import ReadUsage
from generation.application.receive_provider_webhook import ReceiveProviderWebhookHandler
from generation.application.restore_generation import RestoreGenerationHandler
from generation.application.withdraw_generation import WithdrawGenerationHandler
from generation.domain import errors
from generation.domain.identifiers import OutputId
from generation.ports.provider_webhooks import ReceivedWebhook

DOMAIN = "tintype.generation"
_SERVICE = pb.DESCRIPTOR.services_by_name["GenerationService"]

ERRORS: Mapping[type[Exception], grpc.StatusCode] = {
    errors.InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotStaff: grpc.StatusCode.PERMISSION_DENIED,
    errors.UnknownModel: grpc.StatusCode.NOT_FOUND,
    errors.EntitlementRequired: grpc.StatusCode.PERMISSION_DENIED,
    errors.InvalidQuote: grpc.StatusCode.INVALID_ARGUMENT,
    errors.QuoteExpired: grpc.StatusCode.FAILED_PRECONDITION,
    errors.KeyLimitReached: grpc.StatusCode.FAILED_PRECONDITION,
    errors.InsufficientCredits: grpc.StatusCode.FAILED_PRECONDITION,
    errors.IdempotencyKeyReused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.LedgerUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.StorageUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.StorageBusy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.GenerationNotFound: grpc.StatusCode.NOT_FOUND,
    errors.GenerationFinished: grpc.StatusCode.FAILED_PRECONDITION,
    errors.GenerationRunning: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NothingToShare: grpc.StatusCode.FAILED_PRECONDITION,
    errors.TooManyShares: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ShareEnded: grpc.StatusCode.NOT_FOUND,
    errors.OutputNotFound: grpc.StatusCode.NOT_FOUND,
    errors.AddressEnded: grpc.StatusCode.PERMISSION_DENIED,
    errors.RunNotFound: grpc.StatusCode.NOT_FOUND,
    errors.InvalidSignature: grpc.StatusCode.INVALID_ARGUMENT,
    errors.InvalidWebhook: grpc.StatusCode.INVALID_ARGUMENT,
    errors.CollectionNotFound: grpc.StatusCode.NOT_FOUND,
    errors.CollectionNameTaken: grpc.StatusCode.ALREADY_EXISTS,
    errors.TooManyCollections: grpc.StatusCode.FAILED_PRECONDITION,
    errors.UnusableMedia: grpc.StatusCode.INVALID_ARGUMENT,
    errors.AccountGone: grpc.StatusCode.PERMISSION_DENIED,
    errors.UploadTooLarge: grpc.StatusCode.OUT_OF_RANGE,
    errors.UploadBrokenOff: grpc.StatusCode.INVALID_ARGUMENT,
    errors.UploadNotFound: grpc.StatusCode.NOT_FOUND,
    errors.UploadNotSent: grpc.StatusCode.FAILED_PRECONDITION,
    errors.UploadQuotaReached: grpc.StatusCode.FAILED_PRECONDITION,
    errors.TooManyUploads: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.TooManyStreams: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.PreviewsNotOffered: grpc.StatusCode.FAILED_PRECONDITION,
}

_OTHER_CALLERS = {"GetSettlement": "ledger", "ListSettlements": "auditor"}
ALLOWED: Mapping[str, frozenset[str]] = {
    f"/{_SERVICE.full_name}/{method.name}": frozenset({_OTHER_CALLERS.get(method.name, "gateway")})
    for method in _SERVICE.methods
}


@dataclass(frozen=True)
class Handlers:
    """The use cases that the service answers with."""

    models: ReadModels
    quote: CreateQuoteHandler
    create: CreateGenerationHandler
    read: ReadGenerations
    read_output: ReadOutputHandler
    mark_favourite: MarkFavouriteHandler
    cancel: CancelGenerationHandler
    withdraw: WithdrawGenerationHandler
    delete: DeleteGenerationHandler
    usage: ReadUsage
    margin: ReadMarginHandler
    pauses: KnownPauses
    discard: DiscardGenerationHandler
    restore: RestoreGenerationHandler
    settlements: ReadSettlements
    receive_webhook: ReceiveProviderWebhookHandler
    shares: ShareHandlers
    collections: CollectionHandlers
    uploads: UploadHandlers


class GenerationServicer(
    ShareAnswers,
    CollectionAnswers,
    UploadAnswers,
    UsageAnswers,
    MarginAnswers,
    PauseAnswers,
    pb_grpc.GenerationServiceServicer,
):
    """Answers the contract; refusals rise as domain errors and become statuses by ERRORS."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._shares = handlers.shares
        self._collections = handlers.collections
        self._uploads = handlers.uploads
        self._usage = handlers.usage
        self._margin = handlers.margin
        self._pauses = handlers.pauses

    async def ListModels(self, request: pb.ListModelsRequest, context: Any) -> pb.ListModelsResponse:
        """See the contract."""
        models = await self._handlers.models.all(fields.optional_account_id(request.account_id))
        return pb.ListModelsResponse(models=[messages.model_message(model) for model in models])

    async def GetModel(self, request: pb.GetModelRequest, context: Any) -> pb.GetModelResponse:
        """See the contract."""
        model = await self._handlers.models.model(
            fields.model_id(request.model_id), fields.optional_account_id(request.account_id)
        )
        return pb.GetModelResponse(model=messages.model_message(model))

    async def CreateQuote(self, request: pb.CreateQuoteRequest, context: Any) -> pb.CreateQuoteResponse:
        """See the contract."""
        quote = self._handlers.quote(
            CreateQuote(
                account_id=fields.account_id(request.account_id),
                model_id=fields.model_id(request.model_id),
                input=fields.document(request.input, field="input"),
            )
        )
        return messages.quote_message(quote)

    async def CreateGeneration(
        self, request: pb.CreateGenerationRequest, context: Any
    ) -> pb.CreateGenerationResponse:
        """See the contract."""
        command = asked_generation(request)
        try:
            generation, replayed = await self._handlers.create(command)
        except errors.StorageBusy as busy:
            if _was_tried_before(context):
                raise errors.StorageUnavailable(str(busy)) from busy
            raise
        view = await self._handlers.read.view(generation)
        return pb.CreateGenerationResponse(generation=messages.generation_message(view), replayed=replayed)

    async def GetGeneration(self, request: pb.GetGenerationRequest, context: Any) -> pb.GetGenerationResponse:
        """See the contract."""
        view = await self._handlers.read.generation(
            fields.account_id(request.account_id), fields.generation_id(request.generation_id)
        )
        return pb.GetGenerationResponse(generation=messages.generation_message(view))

    async def ListGenerations(
        self, request: pb.ListGenerationsRequest, context: Any
    ) -> pb.ListGenerationsResponse:
        """See the contract."""
        account_id = fields.account_id(request.account_id)
        wanted = listing.library_filter(request)
        views, following = await self._handlers.read.page(
            account_id,
            wanted=wanted,
            before=listing.page_start(request.page_token, wanted),
            limit=fields.page_size(request.page_size),
        )
        return pb.ListGenerationsResponse(
            generations=[messages.generation_message(view) for view in views],
            next_page_token=listing.page_token(following, wanted),
        )

    async def ReadOutput(self, request: pb.ReadOutputRequest, context: Any) -> pb.ReadOutputResponse:
        """See the contract."""
        output, content = await self._handlers.read_output(OutputId(request.output_id), request.signature)
        return pb.ReadOutputResponse(
            content=content,
            media_type=output.media_type,
            sha256=output.sha256,
            file_name=output.file_name,
        )

    async def MarkFavourite(self, request: pb.MarkFavouriteRequest, context: Any) -> pb.MarkFavouriteResponse:
        """See the contract."""
        generation = await self._handlers.mark_favourite(
            MarkFavourite(
                account_id=fields.account_id(request.account_id),
                generation_id=fields.generation_id(request.generation_id),
                is_favourite=request.is_favourite,
            )
        )
        view = await self._handlers.read.view(generation)
        return pb.MarkFavouriteResponse(generation=messages.generation_message(view))

    async def CancelGeneration(
        self, request: pb.CancelGenerationRequest, context: Any
    ) -> pb.CancelGenerationResponse:
        """See the contract."""
        account_id = fields.account_id(request.account_id)
        if (key := fields.idempotency_key(request.idempotency_key)) is not None:
            generation = await self._handlers.withdraw(account_id, key)
        else:
            generation = await self._handlers.cancel(account_id, fields.generation_id(request.generation_id))
        view = await self._handlers.read.view(generation)
        return pb.CancelGenerationResponse(generation=messages.generation_message(view))

    async def DeleteGeneration(
        self, request: pb.DeleteGenerationRequest, context: Any
    ) -> pb.DeleteGenerationResponse:
        """See the contract."""
        account_id = fields.account_id(request.account_id)
        generation_id = fields.generation_id(request.generation_id)
        if request.restorable:
            until = await self._handlers.discard(account_id, generation_id)
            return pb.DeleteGenerationResponse(restorable_until=to_timestamp(until))
        await self._handlers.delete(account_id, generation_id)
        return pb.DeleteGenerationResponse()

    async def RestoreGeneration(
        self, request: pb.RestoreGenerationRequest, context: Any
    ) -> pb.RestoreGenerationResponse:
        """See the contract."""
        generation = await self._handlers.restore(
            fields.account_id(request.account_id), fields.generation_id(request.generation_id)
        )
        view = await self._handlers.read.view(generation)
        return pb.RestoreGenerationResponse(generation=messages.generation_message(view))

    async def ReceiveProviderWebhook(
        self, request: pb.ReceiveProviderWebhookRequest, context: Any
    ) -> pb.ReceiveProviderWebhookResponse:
        """See the contract."""
        received = ReceivedWebhook(
            body=request.body, headers=dict(request.headers), query=dict(request.query)
        )
        await self._handlers.receive_webhook(request.provider, received)
        return pb.ReceiveProviderWebhookResponse()

    async def GetSettlement(self, request: pb.GetSettlementRequest, context: Any) -> pb.GetSettlementResponse:
        """See the contract."""
        settlement = await self._handlers.settlements.of(fields.generation_id(request.generation_id))
        return messages.settlement_message(settlement)

    async def ListSettlements(
        self, request: pb.ListSettlementsRequest, context: Any
    ) -> AsyncIterator[pb.ListSettlementsResponse]:
        """See the contract."""
        async for generation in self._handlers.settlements.all():
            yield messages.settled_message(generation)


def _was_tried_before(context: Any) -> bool:
    """Whether gRPC makes the call again by itself: what became of the attempt before, its caller never heard.

    See the metadata `grpc-previous-rpc-attempts` in gRPC's proposal A6.
    """
    return any(name == "grpc-previous-rpc-attempts" for name, _ in context.invocation_metadata() or ())
