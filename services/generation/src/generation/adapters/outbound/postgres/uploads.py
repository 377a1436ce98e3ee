"""Uploads, and which media jobs were given, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from chassis.claims import first_unclaimed
from sqlalchemy import and_, delete, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import UPLOADS, USED_MEDIA
from generation.adapters.outbound.postgres.tables import uploads, used_media
from generation.domain.identifiers import AccountId, GenerationId, UploadId
from generation.domain.input_media import UsedMedia
from generation.domain.upload import Upload, UploadTotals

# Any number that no other lock of two numbers in this database begins with.
LOCK_CLASS = 7_305_205
_LOCK = text("SELECT pg_advisory_xact_lock(:lock_class, hashtext(:account))")
_LAST_USED = func.coalesce(uploads.c.used_at, uploads.c.created_at)


class PostgresUploads:
    """One row an upload."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, account_id: AccountId) -> None:
        await self._connection.execute(_LOCK, {"lock_class": LOCK_CLASS, "account": account_id})

    async def add(self, upload: Upload) -> bool:
        statement = upsert(uploads).values(UPLOADS.row(upload))
        statement = statement.on_conflict_do_nothing(index_elements=["account_id", "idempotency_key"])
        added = await self._connection.execute(statement.returning(uploads.c.upload_id))
        return added.one_or_none() is not None

    async def get(self, upload_id: UploadId) -> Upload | None:
        query = select(uploads).where(uploads.c.upload_id == upload_id)
        row = (await self._connection.execute(query)).one_or_none()
        return UPLOADS.read(row) if row else None

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> Upload | None:
        query = select(uploads).where(
            uploads.c.account_id == account_id, uploads.c.idempotency_key == idempotency_key
        )
        row = (await self._connection.execute(query)).one_or_none()
        return UPLOADS.read(row) if row else None

    async def page(self, account_id: AccountId, *, before: UploadId | None, limit: int) -> Sequence[Upload]:
        query = select(uploads).where(uploads.c.account_id == account_id)
        if before is not None:
            query = query.where(uploads.c.upload_id < before)
        rows = await self._connection.execute(query.order_by(uploads.c.upload_id.desc()).limit(limit))
        return [UPLOADS.read(row) for row in rows]

    async def totals(self, account_id: AccountId) -> UploadTotals:
        query = select(func.count(), func.coalesce(func.sum(uploads.c.size_bytes), 0))
        row = (await self._connection.execute(query.where(uploads.c.account_id == account_id))).one()
        return UploadTotals(count=row[0], size_bytes=int(row[1]))

    async def use(self, upload_ids: Collection[UploadId], *, now: datetime) -> Sequence[Upload]:
        # In one order, so that two that want the same ones do not wait for each other.
        found = select(uploads.c.upload_id).where(uploads.c.upload_id.in_(upload_ids))
        await self._connection.execute(found.order_by(uploads.c.upload_id).with_for_update())
        # A change of the row, and not a lock alone: the sweep looks at its condition again.
        statement = update(uploads).where(uploads.c.upload_id.in_(upload_ids)).values(used_at=now)
        rows = await self._connection.execute(statement.returning(uploads))
        return sorted((UPLOADS.read(row) for row in rows), key=lambda upload: upload.upload_id)

    async def remove(self, upload_id: UploadId) -> None:
        await self._connection.execute(delete(uploads).where(uploads.c.upload_id == upload_id))

    async def remove_unused(self, *, before: datetime, limit: int) -> Sequence[Upload]:
        is_used = exists().where(used_media.c.media_id == uploads.c.upload_id)
        free = first_unclaimed(
            uploads.c.upload_id, due=and_(before > _LAST_USED, ~is_used), order_by=_LAST_USED, limit=limit
        )
        rows = await self._connection.execute(delete(uploads).where(free).returning(uploads))
        return [UPLOADS.read(row) for row in rows]


class PostgresMediaUses:
    """One row for each file of each job."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, uses: Sequence[UsedMedia]) -> None:
        if uses:
            await self._connection.execute(insert(used_media), [USED_MEDIA.row(use) for use in uses])

    async def of(self, generation_id: GenerationId) -> Sequence[UsedMedia]:
        query = select(used_media).where(used_media.c.generation_id == generation_id)
        rows = await self._connection.execute(query.order_by(used_media.c.media_id))
        return [USED_MEDIA.read(row) for row in rows]

    async def among(self, media_ids: Collection[str]) -> Collection[str]:
        query = select(used_media.c.media_id).where(used_media.c.media_id.in_(media_ids)).distinct()
        return set((await self._connection.execute(query)).scalars())

    async def remove(self, generation_id: GenerationId) -> None:
        await self._connection.execute(delete(used_media).where(used_media.c.generation_id == generation_id))
