"""The whole statement, page by page."""

from collections.abc import AsyncIterator

from gateway.domain.credits import Entry, EntryFilter
from gateway.domain.page import LIMIT_MAX
from gateway.ports.ledger import Ledger

PAGES_MAX = 1_000


class ExportStatement:
    """Reads every line of a statement that fits a filter, newest first."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def __call__(self, account_id: str, which: EntryFilter) -> AsyncIterator[list[Entry]]:
        """Deliver the lines in pages, at most 100,000 lines."""
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await self._ledger.entries(account_id, which, cursor=cursor, limit=LIMIT_MAX)
            yield list(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return
