"""Files that users were to send straight to the store, in memory, for tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from generation.adapters.outbound.memory_constraints import check_awaited, check_new
from generation.adapters.outbound.memory_tables import Tables
from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.identifiers import AccountId, UploadId


class MemoryAwaitedUploads:
    """Awaited files in a dictionary."""

    def __init__(self, tables: Tables, account: AccountId | None) -> None:
        self._tables = tables
        self._account = account

    async def add(self, awaited: AwaitedUpload) -> None:
        check_new(awaited.upload_id, self._tables.awaited_uploads)
        check_awaited(awaited, self._tables)
        self._tables.awaited_uploads[awaited.upload_id] = awaited

    async def get(self, upload_id: UploadId) -> AwaitedUpload | None:
        return next((row for row in self._seen() if row.upload_id == upload_id), None)

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> AwaitedUpload | None:
        key = (account_id, idempotency_key)
        return next((row for row in self._seen() if (row.account_id, row.idempotency_key) == key), None)

    async def count(self, account_id: AccountId) -> int:
        return sum(row.account_id == account_id for row in self._seen())

    async def save(self, awaited: AwaitedUpload) -> None:
        kept = await self.get(awaited.upload_id)
        if kept is not None and not kept.is_completed and kept.refusal is None:
            self._tables.awaited_uploads[kept.upload_id] = replace(
                kept,
                is_completed=awaited.is_completed,
                refusal=awaited.refusal,
                refusal_detail=awaited.refusal_detail,
            )

    async def remove_old(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        old = [row for row in self._seen() if row.created_at < created_before][:limit]
        for row in old:
            del self._tables.awaited_uploads[row.upload_id]
        return [row.object_key for row in old]

    def _seen(self) -> list[AwaitedUpload]:
        rows = sorted(self._tables.awaited_uploads.values(), key=lambda row: row.upload_id)
        return [row for row in rows if self._account in (None, row.account_id)]
