"""Reads uploads with their addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from generation.domain.identifiers import AccountId, UploadId
from generation.domain.upload import Upload, own_upload
from generation.ports.clock import Clock
from generation.ports.media_store import MediaStore
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class SignedUpload:
    """An upload with addresses that work until `url_expires_at`.

    `expires_at` is when it goes unless a job is made from it; None where one was.
    """

    upload: Upload
    url: str
    thumbnail_url: str | None
    url_expires_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class ReadUploads:
    """Sees one account at a time."""

    units: UnitsOfWork
    store: MediaStore
    clock: Clock
    unused_ttl: timedelta
    url_ttl_s: int = 900

    async def upload(self, account_id: AccountId, upload_id: UploadId) -> SignedUpload:
        """Return one. Raises UploadNotFound."""
        async with self.units.of(account_id) as work:
            upload = own_upload(await work.uploads.get(upload_id), account_id)
        return await self.view(upload)

    async def page(
        self, account_id: AccountId, *, before: UploadId | None, limit: int
    ) -> tuple[Sequence[SignedUpload], UploadId | None]:
        """Return the newest before `before`, and where the next page starts."""
        async with self.units.of(account_id) as work:
            found = await work.uploads.page(account_id, before=before, limit=limit + 1)
            used = await work.media_uses.among([upload.upload_id for upload in found])
        shown = found[:limit]
        following = shown[-1].upload_id if len(found) > limit else None
        return [self._signed(upload, is_used=upload.upload_id in used) for upload in shown], following

    async def view(self, upload: Upload) -> SignedUpload:
        """Return one that was just read or made, with its addresses."""
        async with self.units.of(upload.account_id) as work:
            used = await work.media_uses.among([upload.upload_id])
        return self._signed(upload, is_used=bool(used))

    def _signed(self, upload: Upload, *, is_used: bool) -> SignedUpload:
        small = upload.thumbnail_key
        return SignedUpload(
            upload,
            url=self.store.signed_url(upload.object_key, ttl_s=self.url_ttl_s),
            thumbnail_url=self.store.signed_url(small, ttl_s=self.url_ttl_s) if small else None,
            url_expires_at=self.clock.now() + timedelta(seconds=self.url_ttl_s),
            expires_at=None if is_used else upload.unused_until(self.unused_ttl),
        )
