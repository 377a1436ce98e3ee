"""Where it is written down what people with a role did."""

from typing import Protocol

from identity.domain.audit import AuditRecord


class AuditLog(Protocol):
    """Takes records in, for good: nothing changes or removes one."""

    async def append(self, record: AuditRecord) -> None:
        """Store a record in the transaction of what it tells of."""
        ...
