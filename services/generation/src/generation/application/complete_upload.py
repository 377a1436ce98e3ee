"""Takes in a file that was sent straight to the store."""

from dataclasses import dataclass, replace

import structlog

from generation.application.upload_keeper import UploadKeeper, refusals
from generation.application.uploads_in_hand import UploadsInHand
from generation.domain.awaited_upload import AwaitedUpload, own_awaited
from generation.domain.errors import UnusableMedia, UploadNotFound, UploadNotSent, UploadTooLarge
from generation.domain.identifiers import AccountId, UploadId
from generation.domain.upload import Upload, own_upload
from generation.ports.media_store import ObjectAbsent, StoreUnavailable
from generation.ports.upload_intake import UploadIntake

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CompleteUploadHandler:
    """Looks at what was sent as the other door does, and keeps what is made of it, under another name.

    What is kept is what was looked at: the sender can write to the place where the file was sent, and never
    to where it is kept. Raises UploadNotFound, UploadNotSent, UnusableMedia, UploadTooLarge,
    UploadQuotaReached, TooManyUploads and StorageUnavailable. Once it is kept, or refused for what it is, the
    answer stays the same, and what was sent is gone.
    """

    intake: UploadIntake
    keeper: UploadKeeper
    in_hand: UploadsInHand

    async def __call__(self, account_id: AccountId, upload_id: UploadId) -> tuple[Upload, bool]:
        """Return the upload, and whether it was complete before."""
        if earlier := await self._kept(account_id, upload_id):
            return earlier, True
        with self.in_hand.one_more(account_id):
            awaited = await self._open(account_id, upload_id)
            try:
                kept, is_earlier = await self._taken_in(awaited)
            except (UnusableMedia, UploadTooLarge) as refusal:
                refused = replace(awaited, refusal=refusal.reason, refusal_detail=str(refusal))
                await self._end(refused)
                raise
            await self._end(replace(awaited, is_completed=True))
        return kept, is_earlier

    async def _kept(self, account_id: AccountId, upload_id: UploadId) -> Upload | None:
        async with self.keeper.units.of(account_id) as work:
            found = await work.uploads.get(upload_id)
        try:
            return own_upload(found, account_id)
        except UploadNotFound:
            return None

    async def _open(self, account_id: AccountId, upload_id: UploadId) -> AwaitedUpload:
        async with self.keeper.units.of(account_id) as work:
            awaited = own_awaited(await work.awaited_uploads.get(upload_id), account_id)
            awaited.require_open(self.keeper.clock.now())
            self.keeper.quota.require(await work.uploads.totals(account_id))
        return awaited

    async def _taken_in(self, awaited: AwaitedUpload) -> tuple[Upload, bool]:
        content = self.keeper.store.pieces(awaited.object_key)
        try:
            with refusals():
                async with self.intake.receive(content, size_bytes_max=awaited.size_bytes_max) as received:
                    return await self.keeper.keep(awaited.account_id, received, upload_id=awaited.upload_id)
        except ObjectAbsent as absent:
            raise UploadNotSent("the file was not sent yet; send it and complete it then") from absent

    async def _end(self, ended: AwaitedUpload) -> None:
        """Remember what became of it, and remove what was sent; where that fails, the sweep does."""
        async with self.keeper.units.of(ended.account_id) as work:
            await work.awaited_uploads.save(ended)
        try:
            await self.keeper.store.remove(ended.object_key)
        except StoreUnavailable as away:
            log.warning("object stays queued for removal", object_key=ended.object_key, error=str(away))
