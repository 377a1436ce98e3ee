"""Show a person what people with a role and operators did about them."""

from dataclasses import dataclass

from identity.domain.audit import AuditRecord
from identity.domain.identifiers import UserId
from identity.ports.people import People, RecordFilter, RecordPlace


@dataclass(frozen=True, kw_only=True)
class ListOwnRecords:
    """Whose, after which place, and how many at most."""

    user_id: UserId
    before: RecordPlace | None
    limit: int


@dataclass(frozen=True)
class ListOwnRecordsHandler:
    """Reads the records whose subject the person is. What they did to others is none of their own."""

    people: People

    async def __call__(self, command: ListOwnRecords) -> list[AuditRecord]:
        """Return a part of them, the newest first."""
        about = RecordFilter(subject=command.user_id)
        return await self.people.records(about, before=command.before, limit=command.limit)
