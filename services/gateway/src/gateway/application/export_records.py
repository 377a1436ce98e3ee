"""What people with a role did, page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gateway.domain.administration import Actor, AuditRecord, RecordFilter
from gateway.domain.errors import InternalFailure
from gateway.domain.page import LIMIT_MAX
from gateway.ports.administration import Administration

PAGES_MAX = 10_000


@dataclass(frozen=True)
class ExportRecordsHandler:
    """Reads every record that fits a filter, newest first."""

    administration: Administration

    async def __call__(self, actor: Actor, which: RecordFilter) -> AsyncIterator[Sequence[AuditRecord]]:
        """Deliver them a page at a time, as fast as they are taken.

        Raises InternalFailure, which breaks the download off, past a million of them.
        """
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await self.administration.records(actor, which, cursor=cursor, limit=LIMIT_MAX)
            yield page.items
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
        raise InternalFailure
