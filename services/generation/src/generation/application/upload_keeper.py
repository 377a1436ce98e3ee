"""Keeps what was made of a file that came in, by whichever door."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from generation.application.standing_account import require_standing
from generation.domain.errors import StorageUnavailable, UnusableMedia, UploadTooLarge
from generation.domain.identifiers import AccountId, UploadId
from generation.domain.upload import Upload, UploadQuota, upload_key
from generation.ports.clock import Clock
from generation.ports.ids import IdSource
from generation.ports.media_intake import IntakeUnavailable, ReceivedMedia
from generation.ports.media_store import MediaStore, StoreUnavailable
from generation.ports.unit_of_work import UnitsOfWork
from generation.ports.upload_intake import ReceivedUpload, UploadTooLong, UploadUnusable

# An object that no upload claimed by then was left behind by a crash.
ORPHAN_AFTER = timedelta(hours=24)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class UploadKeeper:
    """Stores it under a name that nobody had before, and then says that it is there."""

    units: UnitsOfWork
    store: MediaStore
    ids: IdSource
    clock: Clock
    quota: UploadQuota

    async def keep(
        self,
        account_id: AccountId,
        received: ReceivedUpload,
        *,
        upload_id: UploadId | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Upload, bool]:
        """Return what is kept under the key, and whether that is an earlier one.

        Raises UploadQuotaReached and StoreUnavailable; nothing is kept then.
        """
        upload = self._described(account_id, received, upload_id, idempotency_key)
        async with self.units.of(account_id) as work:
            await work.deletions.schedule(upload.object_keys, due_at=self.clock.now() + ORPHAN_AFTER)
        await self.store.put(upload.object_key, received.media)
        if upload.thumbnail_key and received.media.thumbnail:
            await self.store.put(upload.thumbnail_key, received.media.thumbnail)
        async with self.units.of(account_id) as work:
            # Several at once must not pass the bounds together.
            await require_standing(work, account_id)
            await work.uploads.lock(account_id)
            earlier = await work.uploads.with_key(account_id, upload.idempotency_key)
            if earlier is None:
                totals = await work.uploads.totals(account_id)
                self.quota.require(totals, more_bytes=upload.size_bytes)
                await work.uploads.add(upload)
                await work.deletions.forget(upload.object_keys)
        if earlier is not None:
            # It came twice at once: the other one's stands, and this one's objects go as orphans.
            return earlier, True
        return upload, False

    def _described(
        self,
        account_id: AccountId,
        received: ReceivedUpload,
        upload_id: UploadId | None,
        idempotency_key: str | None,
    ) -> Upload:
        media, name = received.media, UploadId(self.ids.new("upl"))
        return Upload(
            upload_id=upload_id or name,
            account_id=account_id,
            object_key=upload_key(account_id, name, extension=media.extension),
            thumbnail_key=_thumbnail_key(account_id, name, media.thumbnail),
            media_type=media.media_type,
            size_bytes=media.size_bytes,
            sha256=media.sha256,
            source_sha256=received.source_sha256,
            width=media.width,
            height=media.height,
            duration_s=media.duration_s,
            blurhash=media.blurhash,
            idempotency_key=idempotency_key or upload_id or name,
            created_at=self.clock.now(),
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Say in our own words what taking a file in and storing it refuse.

    Raises UnusableMedia, UploadTooLarge and StorageUnavailable.
    """
    try:
        yield
    except UploadUnusable as unusable:
        raise UnusableMedia(str(unusable)) from unusable
    except UploadTooLong as long:
        raise UploadTooLarge(str(long)) from long
    except IntakeUnavailable as full:
        log.warning("nothing can be taken in", error=str(full))
        raise StorageUnavailable("files can't be taken in right now; try again") from full
    except StoreUnavailable as away:
        log.warning("upload not stored", error=str(away))
        raise StorageUnavailable("the store of files did not answer; try again") from away


def _thumbnail_key(account: AccountId, name: UploadId, small: ReceivedMedia | None) -> str | None:
    return upload_key(account, name, extension=f"thumbnail.{small.extension}") if small else None
