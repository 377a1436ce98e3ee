"""A statement is exported whole, or the export breaks off where it can be seen."""

import pytest
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.application.export_statement import ExportStatementHandler
from gateway.domain.credits import Entry, EntryFilter, EntryKind
from gateway.domain.errors import InternalFailure
from gateway.domain.page import Page
from gateway_world import ToldClock


class LongLedger(MemoryLedger):
    """A ledger with this many lines, made when they are read; at most one page is in memory."""

    lines = 100_250

    async def entries(
        self, account_id: str, which: EntryFilter, *, cursor: str | None, limit: int
    ) -> Page[Entry]:
        """See Ledger."""
        newest = int(cursor) if cursor else self.lines
        oldest = max(1, newest - limit + 1)
        lines = [line(sequence) for sequence in range(newest, oldest - 1, -1)]
        return Page(items=lines, next_cursor=str(oldest - 1) if oldest > 1 else None)


class StuckLedger(LongLedger):
    """One whose second page leads to itself."""

    async def entries(
        self, account_id: str, which: EntryFilter, *, cursor: str | None, limit: int
    ) -> Page[Entry]:
        """See Ledger."""
        return Page(items=[line(1)], next_cursor="again")


def line(sequence: int) -> Entry:
    """One line."""
    return Entry(
        entry_id=f"ent_{sequence}",
        sequence=sequence,
        kind=EntryKind.GRANT,
        amount=1,
        category=None,
        balance_after=sequence,
        held_after=0,
        settled=0,
        reservation_id=None,
        generation_id=None,
        payment_id=None,
        reason=None,
        created_at=ToldClock().now(),
    )


@pytest.mark.real_time
async def test_a_statement_has_no_last_page_but_its_own() -> None:
    """More than a hundred thousand lines come, each once, newest first."""
    export = ExportStatementHandler(LongLedger(ToldClock()))
    found = [one.sequence async for page in export("usr_ada", EntryFilter()) for one in page]
    assert found == list(range(LongLedger.lines, 0, -1))


async def test_a_page_that_leads_nowhere_breaks_it_off() -> None:
    """It neither goes round for ever nor ends as if it were whole."""
    export = ExportStatementHandler(StuckLedger(ToldClock()))
    with pytest.raises(InternalFailure):
        _ = [page async for page in export("usr_ada", EntryFilter())]
