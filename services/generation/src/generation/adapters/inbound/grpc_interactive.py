"""tintype.generation.v1.InteractiveGenerationService over gRPC: jobs that run in the call itself."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import interactive_pb2 as ipb
from tintype.generation.v1 import interactive_pb2_grpc as pb_grpc

from generation.adapters.inbound import fields, messages
from generation.adapters.inbound.asked_generation import asked_generation
from generation.adapters.inbound.grpc import DOMAIN, ERRORS
from generation.adapters.inbound.named_fields import Named
from generation.adapters.inbound.previewed_jobs import PreviewedJobs
from generation.adapters.inbound.streams import Running, Streams
from generation.application.finish_attempt import LeaseLost
from generation.application.keep_answer import AnswerKeeper
from generation.application.preview_generation import PreviewGeneration
from generation.application.read_generations import GenerationView, ReadGenerations
from generation.application.show_previews import ShownPreview
from generation.application.stream_generation import StreamGeneration
from generation.domain.errors import StorageUnavailable
from generation.domain.generation import Generation
from generation.domain.token_usage import PictureTokens, TokenUsage
from generation.ports.media_store import StoreUnavailable

__all__ = ["ALLOWED", "DOMAIN", "ERRORS", "MESSAGE_MAX_BYTES", "InteractiveServicer"]

_SERVICE = ipb.DESCRIPTOR.services_by_name["InteractiveGenerationService"]
ALLOWED: Mapping[str, frozenset[str]] = {
    f"/{_SERVICE.full_name}/{method.name}": frozenset({"gateway"}) for method in _SERVICE.methods
}
# A chat of 8 MiB, and a whole answer or a preview of 12.
MESSAGE_MAX_BYTES = 16 * 1024 * 1024
USAGE = Named(ipb.TokenUsage, TokenUsage)
PREVIEW = Named(ipb.Preview, ShownPreview)
PICTURE_TOKENS = Named(ipb.PictureTokens, PictureTokens)


class InteractiveServicer(pb_grpc.InteractiveGenerationServiceServicer):
    """Answers the contract; refusals rise as domain errors."""

    def __init__(
        self, streams: Streams, previewed: PreviewedJobs, read: ReadGenerations, answers: AnswerKeeper
    ) -> None:
        self._streams = streams
        self._previewed = previewed
        self._read = read
        self._answers = answers

    async def StreamGeneration(
        self, request: ipb.StreamGenerationRequest, context: Any
    ) -> AsyncIterator[ipb.StreamGenerationResponse]:
        """See the contract."""
        opened = await self._streams.open(
            StreamGeneration(
                account_id=fields.account_id(request.account_id),
                model_id=fields.model_id(request.model_id),
                chat=request.chat,
                is_streamed=request.stream,
                idempotency_key=fields.idempotency_key(request.idempotency_key),
                metadata=fields.document(request.metadata, field="metadata"),
                key=fields.key_use(request.api_key) if request.HasField("api_key") else None,
                provider_order=fields.provider_order(request.provider_order),
            )
        )
        if isinstance(opened, Generation):
            async for response in self._again(opened):
                yield response
            return
        # A client that goes away is not waited for until the next chunk.
        context.add_done_callback(lambda _: opened.leave())
        try:
            yield ipb.StreamGenerationResponse(accepted=_message(opened.accepted))
            async for first, *others in opened.chunks():
                together = others if request.joins_chunks else ()
                yield ipb.StreamGenerationResponse(chunk=first, further_chunks=together)
                for chunk in () if together else others:
                    yield ipb.StreamGenerationResponse(chunk=chunk)
            yield await self._ended(opened)
        finally:
            opened.leave()

    async def PreviewGeneration(
        self, request: ipb.PreviewGenerationRequest, context: Any
    ) -> AsyncIterator[ipb.PreviewGenerationResponse]:
        """See the contract."""
        opened = await self._previewed.open(
            PreviewGeneration(wanted=asked_generation(request.generation), previews_max=request.previews_max)
        )
        view = await self._read.view(opened.generation)
        created = pb.CreateGenerationResponse(
            generation=messages.generation_message(view), replayed=opened.is_earlier
        )
        yield ipb.PreviewGenerationResponse(accepted=created)
        tokens = None
        if opened.showing is not None:
            async for preview in opened.showing:
                yield ipb.PreviewGenerationResponse(preview=PREVIEW.message(preview))
            tokens = opened.showing.tokens
        over = ipb.PreviewsOver(tokens=PICTURE_TOKENS.message(tokens) if tokens else None)
        yield ipb.PreviewGenerationResponse(over=over)

    async def _again(self, generation: Generation) -> AsyncIterator[ipb.StreamGenerationResponse]:
        """Answer as the job was answered that has this key."""
        view = await self._read.view(generation)
        yield ipb.StreamGenerationResponse(accepted=messages.generation_message(view))
        try:
            whole = await self._answers.whole([signed.output for signed in view.outputs])
        except (StoreUnavailable, StorageUnavailable):
            whole = None
        if whole is not None:
            yield ipb.StreamGenerationResponse(chunk=whole.completion)
        yield ipb.StreamGenerationResponse(
            ended=messages.generation_message(view), usage=USAGE.message(whole.usage) if whole else None
        )

    async def _ended(self, opened: Running) -> ipb.StreamGenerationResponse:
        try:
            end = await opened.ended()
        except LeaseLost:
            # It was ended elsewhere: by its user before anything came, or by a sweeper.
            job = opened.accepted
            view = await self._read.generation(job.account_id, job.generation_id)
            return ipb.StreamGenerationResponse(ended=messages.generation_message(view))
        view, why = GenerationView(end.generation, self._read.signed(end.outputs)), end.broken_off
        return ipb.StreamGenerationResponse(
            ended=messages.generation_message(view),
            usage=USAGE.message(end.usage) if end.usage else None,
            broken_off=pb.Failure(reason=why.reason, detail=why.detail) if why else None,
        )


def _message(generation: Generation) -> pb.Generation:
    return messages.generation_message(GenerationView(generation))
