"""The part of generation over gRPC that is about uploads."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from tintype.generation.v1 import generation_pb2 as pb
from tintype.generation.v1 import generation_pb2_grpc as rpc

from gateway.adapters.outbound import generation_messages as messages
from gateway.adapters.outbound.remote import (
    COMMAND_DEADLINE_S,
    READ_DEADLINE_S,
    UPLOAD_DEADLINE_S,
    remote_calls,
)
from gateway.adapters.outbound.sent_files import SentFile
from gateway.domain.errors import GatewayError
from gateway.domain.identifiers import AccountId, UploadId
from gateway.domain.page import Page
from gateway.domain.upload import AwaitedUpload, Upload


@contextmanager
def _whole(sent: SentFile[Any]) -> Iterator[None]:
    """Raise what a file broke off for, and not that it broke off."""
    try:
        yield
    except GatewayError:
        if sent.failure is not None:
            raise sent.failure from None
        raise


class GrpcUploads:
    """Speaks to GenerationService; implements Uploads."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.GenerationServiceStub(channel)

    async def create_upload(
        self, account_id: AccountId, content: AsyncIterator[bytes], *, idempotency_key: str
    ) -> tuple[Upload, bool]:
        """See Uploads."""
        start = pb.UploadStart(account_id=account_id, idempotency_key=idempotency_key)
        sent = SentFile(pb.CreateUploadRequest(start=start), content)
        with _whole(sent), remote_calls("generation"):
            answer = await self._stub.CreateUpload(sent.messages(), timeout=UPLOAD_DEADLINE_S)
        return messages.upload(answer.upload), answer.replayed

    async def draw_avatar(self, account_id: AccountId, content: AsyncIterator[bytes]) -> bytes:
        """See Uploads."""
        start = pb.DrawAvatarStart(account_id=account_id)
        sent = SentFile(pb.DrawAvatarRequest(start=start), content)
        with _whole(sent), remote_calls("generation"):
            answer = await self._stub.DrawAvatar(sent.messages(), timeout=UPLOAD_DEADLINE_S)
        return answer.picture

    async def await_upload(
        self, account_id: AccountId, *, size_bytes: int, idempotency_key: str
    ) -> tuple[AwaitedUpload, bool]:
        """See Uploads."""
        request = pb.AwaitUploadRequest(
            account_id=account_id, size_bytes=size_bytes, idempotency_key=idempotency_key
        )
        with remote_calls("generation"):
            answer = await self._stub.AwaitUpload(request, timeout=COMMAND_DEADLINE_S)
        return messages.awaited_upload(answer), answer.replayed

    async def complete_upload(self, account_id: AccountId, upload_id: UploadId) -> tuple[Upload, bool]:
        """See Uploads."""
        request = pb.CompleteUploadRequest(account_id=account_id, upload_id=upload_id)
        with remote_calls("generation"):
            answer = await self._stub.CompleteUpload(request, timeout=UPLOAD_DEADLINE_S)
        return messages.upload(answer.upload), answer.replayed

    async def upload(self, account_id: AccountId, upload_id: UploadId) -> Upload:
        """See Uploads."""
        request = pb.GetUploadRequest(account_id=account_id, upload_id=upload_id)
        with remote_calls("generation"):
            answer = await self._stub.GetUpload(request, timeout=READ_DEADLINE_S)
        return messages.upload(answer.upload)

    async def uploads(self, account_id: AccountId, *, cursor: str | None, limit: int) -> Page[Upload]:
        """See Uploads."""
        request = pb.ListUploadsRequest(account_id=account_id, page_size=limit, page_token=cursor or "")
        with remote_calls("generation"):
            answer = await self._stub.ListUploads(request, timeout=READ_DEADLINE_S)
        items = [messages.upload(upload) for upload in answer.uploads]
        return Page(items=items, next_cursor=answer.next_page_token or None)

    async def delete_upload(self, account_id: AccountId, upload_id: UploadId) -> None:
        """See Uploads."""
        request = pb.DeleteUploadRequest(account_id=account_id, upload_id=upload_id)
        with remote_calls("generation"):
            await self._stub.DeleteUpload(request, timeout=COMMAND_DEADLINE_S)
