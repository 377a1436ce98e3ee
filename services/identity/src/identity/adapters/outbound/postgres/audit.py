"""The audit log in its table, which takes rows and gives none back to be changed."""

from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from identity.adapters.outbound.postgres import rows, tables
from identity.domain.audit import AuditRecord


@dataclass(frozen=True)
class PostgresAuditLog:
    """Implements AuditLog."""

    connection: AsyncConnection

    async def append(self, record: AuditRecord) -> None:
        """See AuditLog."""
        await self.connection.execute(insert(tables.audit_records).values(rows.audit_values(record)))
