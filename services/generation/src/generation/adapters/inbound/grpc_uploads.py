"""The part of GenerationService that is about uploads."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chassis.timestamps import to_timestamp
from tintype.generation.v1 import generation_pb2 as pb

from generation.adapters.inbound import fields
from generation.adapters.inbound.named_fields import Named
from generation.application.await_upload import AwaitUpload, AwaitUploadHandler
from generation.application.complete_upload import CompleteUploadHandler
from generation.application.create_upload import CreateUpload, CreateUploadHandler
from generation.application.delete_upload import DeleteUploadHandler
from generation.application.draw_avatar import DrawAvatarHandler
from generation.application.read_uploads import ReadUploads, SignedUpload
from generation.domain.errors import (
    GenerationError,
    InvalidInput,
    UploadBrokenOff,
    UploadNotFound,
    Violation,
)
from generation.domain.identifiers import UploadId
from generation.domain.upload import Upload

# More than any caller sends, for longer than any caller takes.
REFUSED_BYTES_MAX = 128 * 1024 * 1024
REFUSED_S_MAX = 600.0
# Messages that are read before they are asked for, of 256 KiB each.
AHEAD_MAX = 2
_Piece = TypeVar("_Piece", pb.CreateUploadRequest, pb.DrawAvatarRequest)

UPLOAD = Named(
    pb.Upload,
    Upload,
    made={"url", "url_expires_at", "thumbnail_url", "expires_at"},
    hidden={"account_id", "object_key", "thumbnail_key", "idempotency_key", "used_at"},
)


@dataclass(frozen=True)
class UploadHandlers:
    """The use cases of uploads."""

    create: CreateUploadHandler
    wait_for: AwaitUploadHandler
    complete: CompleteUploadHandler
    read: ReadUploads
    delete: DeleteUploadHandler
    draw_avatar: DrawAvatarHandler


class UploadAnswers:
    """Answers the seven calls; refusals rise as domain errors."""

    _uploads: UploadHandlers

    async def CreateUpload(
        self, requests: AsyncIterator[pb.CreateUploadRequest], context: Any
    ) -> pb.CreateUploadResponse:
        """See the contract."""
        first = await anext(requests, None)
        if first is None or first.WhichOneof("part") != "start":
            raise InvalidInput([Violation("start", "comes first")])
        command = CreateUpload(
            account_id=fields.account_id(first.start.account_id),
            content=_content(requests),
            idempotency_key=fields.idempotency_key(first.start.idempotency_key),
        )
        try:
            upload, replayed = await self._uploads.create(command)
        except GenerationError:
            await _let_end(requests)
            raise
        view = await self._uploads.read.view(upload)
        return pb.CreateUploadResponse(upload=upload_message(view), replayed=replayed)

    async def DrawAvatar(
        self, requests: AsyncIterator[pb.DrawAvatarRequest], context: Any
    ) -> pb.DrawAvatarResponse:
        """See the contract."""
        first = await anext(requests, None)
        if first is None or first.WhichOneof("part") != "start":
            raise InvalidInput([Violation("start", "comes first")])
        account_id = fields.account_id(first.start.account_id)
        async with _read_beside(requests) as parts:
            try:
                picture = await self._uploads.draw_avatar(account_id, _content(parts))
            except GenerationError:
                await _let_end(parts)
                raise
        return pb.DrawAvatarResponse(picture=picture)

    async def AwaitUpload(self, request: pb.AwaitUploadRequest, context: Any) -> pb.AwaitUploadResponse:
        """See the contract."""
        awaited, form, replayed = await self._uploads.wait_for(
            AwaitUpload(
                account_id=fields.account_id(request.account_id),
                size_bytes=request.size_bytes,
                idempotency_key=fields.idempotency_key(request.idempotency_key),
            )
        )
        return pb.AwaitUploadResponse(
            upload_id=awaited.upload_id,
            url=form.url,
            fields=form.fields,
            size_bytes_max=awaited.size_bytes_max,
            send_by=to_timestamp(awaited.send_by),
            complete_by=to_timestamp(awaited.complete_by),
            replayed=replayed,
        )

    async def CompleteUpload(
        self, request: pb.CompleteUploadRequest, context: Any
    ) -> pb.CompleteUploadResponse:
        """See the contract."""
        upload, replayed = await self._uploads.complete(
            fields.account_id(request.account_id), fields.upload_id(request.upload_id)
        )
        view = await self._uploads.read.view(upload)
        return pb.CompleteUploadResponse(upload=upload_message(view), replayed=replayed)

    async def GetUpload(self, request: pb.GetUploadRequest, context: Any) -> pb.GetUploadResponse:
        """See the contract."""
        view = await self._uploads.read.upload(
            fields.account_id(request.account_id), fields.upload_id(request.upload_id)
        )
        return pb.GetUploadResponse(upload=upload_message(view))

    async def ListUploads(self, request: pb.ListUploadsRequest, context: Any) -> pb.ListUploadsResponse:
        """See the contract."""
        views, following = await self._uploads.read.page(
            fields.account_id(request.account_id),
            before=_page_start(request.page_token),
            limit=fields.page_size(request.page_size),
        )
        return pb.ListUploadsResponse(
            uploads=[upload_message(view) for view in views],
            next_page_token=fields.page_token(following) if following else "",
        )

    async def DeleteUpload(self, request: pb.DeleteUploadRequest, context: Any) -> pb.DeleteUploadResponse:
        """See the contract."""
        await self._uploads.delete(fields.account_id(request.account_id), fields.upload_id(request.upload_id))
        return pb.DeleteUploadResponse()


def upload_message(view: SignedUpload) -> pb.Upload:
    """Return an upload with its addresses."""
    return UPLOAD.message(
        view.upload,
        url=view.url,
        url_expires_at=to_timestamp(view.url_expires_at),
        thumbnail_url=view.thumbnail_url,
        expires_at=to_timestamp(view.expires_at) if view.expires_at else None,
    )


class _Parts(Generic[_Piece]):
    """A call's messages, which a task of its own reads: who waits for one may give up, and others read on."""

    def __init__(self) -> None:
        self.come: asyncio.Queue[_Piece | None] = asyncio.Queue(AHEAD_MAX)
        self.failure: Exception | None = None
        self._is_over = False

    async def __aiter__(self) -> AsyncIterator[_Piece]:
        while not self._is_over:
            if (part := await self.come.get()) is None:
                self._is_over = True
                if self.failure is not None:
                    raise self.failure
                return
            yield part


@asynccontextmanager
async def _read_beside(requests: AsyncIterator[_Piece]) -> AsyncIterator[_Parts[_Piece]]:
    parts: _Parts[_Piece] = _Parts()

    async def read() -> None:
        try:
            async for request in requests:
                await parts.come.put(request)
        except Exception as failure:  # noqa: BLE001, whoever waits for a part raises it
            parts.failure = failure
        await parts.come.put(None)

    reading = asyncio.create_task(read())
    try:
        yield parts
    finally:
        reading.cancel()
        await asyncio.wait({reading})


async def _content(requests: AsyncIterable[_Piece]) -> AsyncIterator[bytes]:
    """Yield the pieces; raises UploadBrokenOff where the stream ends before it says that the file has."""
    async for request in requests:
        match request.WhichOneof("part"):
            case "content":
                yield request.content
            case "end":
                return
            case _:
                raise InvalidInput([Violation("start", "comes once")])
    raise UploadBrokenOff("the file's end did not come")


async def _let_end(requests: AsyncIterable[_Piece]) -> None:
    """Read on and keep nothing: gRPC makes an error of its own where a client writes while it is refused."""
    left_bytes = REFUSED_BYTES_MAX
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REFUSED_S_MAX):
            async for request in requests:
                left_bytes -= len(request.content)
                if left_bytes < 0:
                    return


def _page_start(token: str) -> UploadId | None:
    if not token:
        return None
    try:
        return fields.upload_id(fields.page_place(token))
    except UploadNotFound as error:
        raise fields.not_from_a_page() from error
