"""Files that users were to send straight to the store, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from chassis.claims import first_unclaimed
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import AWAITED_UPLOADS
from generation.adapters.outbound.postgres.tables import awaited_uploads
from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.identifiers import AccountId, UploadId


class PostgresAwaitedUploads:
    """One row a file."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, awaited: AwaitedUpload) -> None:
        await self._connection.execute(insert(awaited_uploads).values(AWAITED_UPLOADS.row(awaited)))

    async def get(self, upload_id: UploadId) -> AwaitedUpload | None:
        query = select(awaited_uploads).where(awaited_uploads.c.upload_id == upload_id)
        row = (await self._connection.execute(query)).one_or_none()
        return AWAITED_UPLOADS.read(row) if row else None

    async def with_key(self, account_id: AccountId, idempotency_key: str) -> AwaitedUpload | None:
        query = select(awaited_uploads).where(
            awaited_uploads.c.account_id == account_id,
            awaited_uploads.c.idempotency_key == idempotency_key,
        )
        row = (await self._connection.execute(query)).one_or_none()
        return AWAITED_UPLOADS.read(row) if row else None

    async def count(self, account_id: AccountId) -> int:
        query = select(func.count()).where(awaited_uploads.c.account_id == account_id)
        return int((await self._connection.execute(query)).scalar_one())

    async def save(self, awaited: AwaitedUpload) -> None:
        statement = update(awaited_uploads).where(
            awaited_uploads.c.upload_id == awaited.upload_id,
            ~awaited_uploads.c.is_completed,
            awaited_uploads.c.refusal.is_(None),
        )
        await self._connection.execute(
            statement.values(
                is_completed=awaited.is_completed,
                refusal=awaited.refusal,
                refusal_detail=awaited.refusal_detail,
            )
        )

    async def remove_old(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        free = first_unclaimed(
            awaited_uploads.c.upload_id,
            due=awaited_uploads.c.created_at < created_before,
            order_by=awaited_uploads.c.created_at,
            limit=limit,
        )
        removed = delete(awaited_uploads).where(free).returning(awaited_uploads.c.object_key)
        return list((await self._connection.execute(removed)).scalars())
