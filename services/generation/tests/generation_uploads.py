"""Uploads over memory adapters, and what is sent in tests."""

from collections.abc import AsyncIterator
from datetime import timedelta

from generation.adapters.inbound.grpc_uploads import UploadHandlers
from generation.application.await_upload import AwaitUploadHandler
from generation.application.complete_upload import CompleteUploadHandler
from generation.application.create_upload import CreateUploadHandler
from generation.application.delete_upload import DeleteUploadHandler
from generation.application.draw_avatar import DrawAvatarHandler
from generation.application.read_uploads import ReadUploads
from generation.application.upload_keeper import UploadKeeper
from generation.application.uploads_in_hand import UploadsInHand
from generation.domain.upload import UploadQuota
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.media_store import MediaStore
from generation.ports.unit_of_work import UnitsOfWork
from generation.ports.upload_intake import UploadIntake

AWAITED_BYTES_MAX = 1_500
UNUSED_TTL = timedelta(days=1)
QUOTA = UploadQuota(count_max=5, bytes_max=2_000)


def upload_handlers(
    units: UnitsOfWork,
    intake: UploadIntake,
    store: MediaStore,
    ids: IdSource,
    clock: Clock,
    quota: UploadQuota,
) -> UploadHandlers:
    """Every use case of uploads."""
    keeper = UploadKeeper(units, store, ids, clock, quota)
    return UploadHandlers(
        create=CreateUploadHandler(intake, keeper, UploadsInHand()),
        wait_for=AwaitUploadHandler(units, store, ids, clock, quota, AWAITED_BYTES_MAX),
        complete=CompleteUploadHandler(intake, keeper, UploadsInHand(per_account_max=2, overall_max=4)),
        read=ReadUploads(units, store, clock, UNUSED_TTL),
        delete=DeleteUploadHandler(units, clock),
        draw_avatar=DrawAvatarHandler(
            intake,
            coming=UploadsInHand(per_account_max=1, overall_max=64),
            drawing=UploadsInHand(per_account_max=1, overall_max=8),
        ),
    )


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    """A file as it comes over the wire."""
    for piece in content:
        yield piece
