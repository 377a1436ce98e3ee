"""Use case: list an account's entries, page by page."""

from dataclasses import dataclass, replace

from ledger.application.bounds import page_size, require_account
from ledger.domain.entry import Entry
from ledger.domain.errors import InvalidField
from ledger.domain.identifiers import AccountId
from ledger.ports.ledger_reader import EntryFilter, LedgerReader


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """Entries, newest first, and the sequence to go on before, if there are more."""

    entries: list[Entry]
    next_before: int | None


@dataclass(frozen=True)
class ListEntriesHandler:
    """Reads one page of one account's entries."""

    reader: LedgerReader

    async def __call__(self, account_id: AccountId, wanted: EntryFilter) -> EntryPage:
        """Return one page of the statement. Raises InvalidField."""
        require_account("account_id", account_id)
        if wanted.since and wanted.until and wanted.since > wanted.until:
            raise InvalidField("from", "must not be after to")
        limit = page_size(wanted.limit)
        found = await self.reader.entries(account_id, replace(wanted, limit=limit + 1))
        page = found[:limit]
        return EntryPage(entries=page, next_before=page[-1].sequence if len(found) > limit else None)
