"""Uploads, and which media jobs were given, in memory, for tests."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from generation.adapters.outbound.memory_constraints import check_new, check_upload, check_use
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.identifiers import AccountId, GenerationId, UploadId
from generation.domain.input_media import UsedMedia
from generation.domain.upload import Upload, UploadTotals


class MemoryUploads:
    """Uploads in a dictionary."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._account = account

    async def lock(self, account_id: AccountId) -> None:
        """See Uploads: one transaction runs at a time."""

    async def add(self, upload: Upload) -> bool:
        if await self.with_key(upload.account_id, upload.idempotency_key):
            return False
        check_new(upload.upload_id, self._tables.uploads)
        check_upload(upload, self._tables)
        self._tables.uploads[upload.upload_id] = upload
        return True

    async def get(self, upload_id: UploadId) -> Upload | None:
        return next((row for row in self._seen() if row.upload_id == upload_id), None)

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> Upload | None:
        key = (account_id, idempotency_key)
        return next((row for row in self._seen() if (row.account_id, row.idempotency_key) == key), None)

    async def page(self, account_id: AccountId, *, before: UploadId | None, limit: int) -> Sequence[Upload]:
        rows = [
            row
            for row in reversed(self._seen())
            if row.account_id == account_id and (before is None or row.upload_id < before)
        ]
        return rows[:limit]

    async def totals(self, account_id: AccountId) -> UploadTotals:
        rows = [row for row in self._seen() if row.account_id == account_id]
        return UploadTotals(len(rows), sum(row.size_bytes for row in rows))

    async def use(self, upload_ids: Collection[UploadId], *, now: datetime) -> Sequence[Upload]:
        used = [replace(row, used_at=now) for row in self._seen() if row.upload_id in upload_ids]
        self._tables.uploads.update({row.upload_id: row for row in used})
        return used

    async def remove(self, upload_id: UploadId) -> None:
        if await self.get(upload_id):
            del self._tables.uploads[upload_id]

    async def remove_unused(self, *, before: datetime, limit: int) -> Sequence[Upload]:
        used = {str(use.media_id) for use in self._tables.used_media}
        rows = [
            row
            for row in self._seen()
            if (row.used_at or row.created_at) < before and row.upload_id not in used
        ][:limit]
        for row in rows:
            del self._tables.uploads[row.upload_id]
        return rows

    def _seen(self) -> list[Upload]:
        rows = sorted(self._tables.uploads.values(), key=lambda row: row.upload_id)
        return [row for row in rows if self._account in (None, row.account_id)]


class MemoryMediaUses:
    """What jobs were given, in a list."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._account = account

    async def add(self, uses: Sequence[UsedMedia]) -> None:
        for use in uses:
            check_use(use, self._tables)
            self._tables.used_media.append(use)

    async def of(self, generation_id: GenerationId) -> Sequence[UsedMedia]:
        rows = [use for use in self._seen() if use.generation_id == generation_id]
        return sorted(rows, key=lambda use: use.media_id)

    async def among(self, media_ids: Collection[str]) -> Collection[str]:
        return {use.media_id for use in self._seen()} & set(media_ids)

    async def remove(self, generation_id: GenerationId) -> None:
        gone = await self.of(generation_id)
        self._tables.used_media = [use for use in self._tables.used_media if use not in gone]

    def _seen(self) -> list[UsedMedia]:
        return [use for use in self._tables.used_media if self._account in (None, use.account_id)]
