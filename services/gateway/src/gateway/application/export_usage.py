"""Every try that a filter admits, page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gateway.domain.errors import InternalFailure
from gateway.domain.identifiers import AccountId
from gateway.domain.page import LIMIT_MAX
from gateway.domain.usage import AttemptUsage, UsageFilter
from gateway.ports.usage_log import UsageLog


@dataclass(frozen=True)
class ExportUsageHandler:
    """Reads all of an account's tries, newest first."""

    usage_log: UsageLog

    async def __call__(
        self, account_id: AccountId, wanted: UsageFilter
    ) -> AsyncIterator[Sequence[AttemptUsage]]:
        """Deliver them a page at a time, as fast as they are taken.

        What begins meanwhile comes before the first page, so it ends. Raises InternalFailure, which breaks
        the download off, when a page does not lead on.
        """
        cursor: str | None = None
        while True:
            page = await self.usage_log.tries(account_id, wanted, cursor=cursor, limit=LIMIT_MAX)
            yield page.items
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor or not page.items:
                raise InternalFailure
            cursor = page.next_cursor
