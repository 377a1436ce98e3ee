"""The whole statement, page by page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.domain.credits import Entry, EntryFilter
from gateway.domain.errors import InternalFailure
from gateway.domain.identifiers import AccountId
from gateway.domain.page import LIMIT_MAX
from gateway.ports.ledger import Ledger


@dataclass(frozen=True)
class ExportStatementHandler:
    """Reads every line of a statement that fits a filter, newest first."""

    ledger: Ledger

    async def __call__(self, account_id: AccountId, which: EntryFilter) -> AsyncIterator[list[Entry]]:
        """Deliver all lines, a page at a time, as fast as they are taken.

        It has as many pages as the statement: what is newer than the first is left out, so that it ends.
        Raises InternalFailure, which breaks the download off, when a page does not lead on.
        """
        cursor: str | None = None
        last: int | None = None
        while True:
            page = await self.ledger.entries(account_id, which, cursor=cursor, limit=LIMIT_MAX)
            if page.items and last is not None and page.items[0].sequence > last:
                raise InternalFailure
            last = page.items[-1].sequence if page.items else last
            yield list(page.items)
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor:
                raise InternalFailure
            cursor = page.next_cursor
