"""Interactive generations over gRPC."""

from collections.abc import AsyncGenerator

import grpc
from tintype.generation.v1 import interactive_pb2 as pb
from tintype.generation.v1 import interactive_pb2_grpc as rpc

from gateway.adapters.outbound import generation_messages as messages
from gateway.adapters.outbound.grpc_generation import create_request, key_use
from gateway.adapters.outbound.remote import remote_calls
from gateway.adapters.outbound.wire import struct
from gateway.domain.chat import ChatAccepted, ChatChunk, ChatEnded, ChatEvent, NewChat
from gateway.domain.errors import Unavailable
from gateway.domain.generation import Failure, NewGeneration
from gateway.domain.identifiers import AccountId
from gateway.domain.preview import PictureTokens, Preview, PreviewEvent, PreviewsAccepted, PreviewsOver

# Longer than any model's own deadline, which the service holds.
DEADLINE_S = 1_800.0
# Of each chat whose client does not read: past it, its provider is not read either.
UNREAD_MAX_BYTES = 64 * 1024


class GrpcInteractiveGenerations:
    """Speaks to InteractiveGenerationService; implements InteractiveGenerations."""

    def __init__(self, channel: grpc.aio.Channel, *, origin: str = "") -> None:
        self._stub = rpc.InteractiveGenerationServiceStub(channel)
        self._read = messages.WithOutputs(origin)

    async def run(self, account_id: AccountId, new: NewChat) -> AsyncGenerator[ChatEvent, None]:
        """See InteractiveGenerations."""
        request = pb.StreamGenerationRequest(
            account_id=account_id,
            model_id=new.model_id,
            chat=new.chat,
            stream=new.is_streamed,
            idempotency_key=new.idempotency_key or "",
            metadata=struct(new.metadata),
            api_key=key_use(new.key),
            provider_order=new.provider_order,
            joins_chunks=True,
        )
        call = self._stub.StreamGeneration(request, timeout=DEADLINE_S)
        try:
            with remote_calls("generation"):
                async for message in call:
                    if (event := _event(message, self._read)) is not None:
                        yield event
        finally:
            # Whoever reads no more has it stopped; one that has ended is left alone.
            call.cancel()

    async def preview(
        self, account_id: AccountId, new: NewGeneration, *, previews_max: int
    ) -> AsyncGenerator[PreviewEvent, None]:
        """See InteractiveGenerations."""
        request = pb.PreviewGenerationRequest(
            generation=create_request(account_id, new), previews_max=previews_max
        )
        call = self._stub.PreviewGeneration(request, timeout=DEADLINE_S)
        try:
            with remote_calls("generation"):
                async for message in call:
                    if (event := _preview_event(message, self._read)) is not None:
                        yield event
        finally:
            call.cancel()


def _event(message: pb.StreamGenerationResponse, read: messages.WithOutputs) -> ChatEvent | None:
    match message.WhichOneof("event"):
        case "accepted":
            return ChatAccepted(generation=read.generation(message.accepted))
        case "chunk":
            return ChatChunk(content=message.chunk, further=tuple(message.further_chunks))
        case "ended":
            why = message.broken_off if message.HasField("broken_off") else None
            return ChatEnded(
                generation=read.generation(message.ended),
                broken_off=Failure(reason=why.reason, detail=why.detail) if why else None,
            )
        case _:
            # Of a later version.
            return None


def _preview_event(message: pb.PreviewGenerationResponse, read: messages.WithOutputs) -> PreviewEvent | None:
    match message.WhichOneof("event"):
        case "accepted":
            return PreviewsAccepted(
                generation=read.generation(message.accepted.generation),
                is_replayed=message.accepted.replayed,
            )
        case "preview":
            shown = message.preview
            return Preview(
                index=shown.index,
                content=shown.content,
                media_type=shown.media_type,
                width=shown.width,
                height=shown.height,
            )
        case "over":
            told = message.over.tokens if message.over.HasField("tokens") else None
            return PreviewsOver(
                tokens=PictureTokens(text=told.text, image=told.image, output=told.output) if told else None
            )
        case _:
            # Of a later version.
            return None


class NoInteractiveGenerations:
    """Implements InteractiveGenerations where nobody runs chats in the call."""

    async def run(self, account_id: AccountId, new: NewChat) -> AsyncGenerator[ChatEvent, None]:
        """See InteractiveGenerations."""
        raise Unavailable("Chats are not offered here.", reason="CHATS_NOT_OFFERED")
        yield

    async def preview(
        self, account_id: AccountId, new: NewGeneration, *, previews_max: int
    ) -> AsyncGenerator[PreviewEvent, None]:
        """See InteractiveGenerations."""
        raise Unavailable("Nothing is shown here while it is made.", reason="CHATS_NOT_OFFERED")
        yield
