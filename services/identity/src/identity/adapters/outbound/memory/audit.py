"""The audit log in memory."""

from dataclasses import dataclass

from identity.domain.audit import AuditRecord


@dataclass(frozen=True)
class MemoryAuditLog:
    """Implements AuditLog."""

    records: list[AuditRecord]

    async def append(self, record: AuditRecord) -> None:
        """See AuditLog."""
        self.records.append(record)
