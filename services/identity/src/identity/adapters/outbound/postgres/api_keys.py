"""API keys, of one account."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres import rows
from identity.adapters.outbound.postgres.tables import api_keys
from identity.domain.api_key import ApiKey
from identity.domain.errors import ApiKeyNotFound
from identity.domain.identifiers import ApiKeyId, IdempotencyKey, UserId


@dataclass(frozen=True)
class PostgresApiKeys:
    """Implements ApiKeys in one transaction."""

    connection: AsyncConnection

    async def add(self, key: ApiKey) -> None:
        """See ApiKeys."""
        await self.connection.execute(insert(api_keys).values(rows.api_key_values(key)))

    async def requested(self, user_id: UserId, idempotency_key: IdempotencyKey) -> ApiKey | None:
        """See ApiKeys."""
        query = select(api_keys).where(
            api_keys.c.user_id == user_id, api_keys.c.idempotency_key == idempotency_key
        )
        row = (await self.connection.execute(query)).mappings().one_or_none()
        return rows.api_key(row) if row else None

    async def unrevoked(self, user_id: UserId) -> list[ApiKey]:
        """See ApiKeys."""
        query = (
            select(api_keys)
            .where(api_keys.c.user_id == user_id, api_keys.c.revoked_at.is_(None))
            .order_by(api_keys.c.created_at.desc(), api_keys.c.key_id.desc())
        )
        return [rows.api_key(row) for row in (await self.connection.execute(query)).mappings()]

    async def lock(self, key_id: ApiKeyId) -> ApiKey:
        """See ApiKeys."""
        query = select(api_keys).where(api_keys.c.key_id == key_id).with_for_update()
        row = (await self.connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise ApiKeyNotFound
        return rows.api_key(row)

    async def revoke(self, key: ApiKey) -> None:
        """See ApiKeys."""
        await self.connection.execute(
            update(api_keys).where(api_keys.c.key_id == key.key_id).values(revoked_at=key.revoked_at)
        )
