"""Links to jobs in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import SHARES
from generation.adapters.outbound.postgres.tables import shares
from generation.domain.identifiers import GenerationId, ShareId
from generation.domain.share import Share


class PostgresShares:
    """One row a link."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, share: Share) -> None:
        await self._connection.execute(insert(shares).values(SHARES.row(share)))

    async def of(self, generation_id: GenerationId) -> Sequence[Share]:
        query = select(shares).where(shares.c.generation_id == generation_id)
        rows = await self._connection.execute(query.order_by(shares.c.share_id.desc()))
        return [SHARES.read(row) for row in rows]

    async def with_hash(self, token_hash: str) -> Share | None:
        query = select(shares).where(shares.c.token_hash == token_hash)
        row = (await self._connection.execute(query)).one_or_none()
        return SHARES.read(row) if row else None

    async def remove(self, generation_id: GenerationId, share_id: ShareId | None = None) -> None:
        statement = delete(shares).where(shares.c.generation_id == generation_id)
        if share_id is not None:
            statement = statement.where(shares.c.share_id == share_id)
        await self._connection.execute(statement)

    async def remove_expired(self, generation_id: GenerationId, *, now: datetime) -> None:
        expired = (shares.c.generation_id == generation_id, shares.c.expires_at <= now)
        await self._connection.execute(delete(shares).where(*expired))
