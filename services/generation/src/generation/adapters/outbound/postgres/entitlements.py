"""Copies of what plans open, in PostgreSQL."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from generation.adapters.outbound.postgres.rows import ENTITLEMENTS
from generation.adapters.outbound.postgres.tables import entitlements
from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId


class PostgresEntitlementCopies:
    """One row an account."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, told: Entitlements) -> bool:
        row = ENTITLEMENTS.row(told)
        added = insert(entitlements).values(row)
        newer = added.on_conflict_do_update(
            index_elements=[entitlements.c.account_id],
            set_={name: value for name, value in row.items() if name != "account_id"},
            where=entitlements.c.revision < added.excluded.revision,
        )
        return await self._connection.scalar(newer.returning(entitlements.c.account_id)) is not None

    async def of(self, account_id: AccountId) -> Entitlements | None:
        query = select(entitlements).where(entitlements.c.account_id == account_id)
        row = (await self._connection.execute(query)).one_or_none()
        return ENTITLEMENTS.read(row) if row else None
