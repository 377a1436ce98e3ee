"""Statements of the ledger in memory, where everything is sealed at once."""

from collections.abc import AsyncIterator
from datetime import datetime

from ledger.adapters.outbound.memory import MemoryLedger
from ledger.domain.balance import Balance
from ledger.domain.chain import GENESIS, journal_line, next_hash
from ledger.domain.entry import Entry
from ledger.domain.identifiers import AccountId
from ledger.domain.lot import Category
from ledger.ports.statements import StatementLine, StatementOpening, StatementRange


class MemoryStatements:
    """Implements Statements."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def range(
        self, account_id: AccountId, since: datetime | None, until: datetime | None
    ) -> StatementRange:
        """See Statements."""
        journal = self._journal(account_id)
        before = [line for line in journal if since is not None and line.entry.created_at < since]
        within = [line for line in journal if until is None or line.entry.created_at < until]
        last = before[-1] if before else None
        opening = StatementOpening(
            account_id=account_id,
            since=since,
            until=until,
            available=last.entry.balance_after if last else 0,
            held=last.entry.held_after if last else 0,
            debt=-sum(line.entry.movement.debt for line in before),
            sequence=len(before),
            hash=last.hash if last else GENESIS,
        )
        return StatementRange(
            opening=opening, last_sequence=max(len(within), len(before)), sealed_sequence=len(journal)
        )

    async def lines(self, covered: StatementRange) -> AsyncIterator[StatementLine]:
        """See Statements."""
        journal = self._journal(covered.opening.account_id)
        for line in journal[covered.opening.sequence : covered.last_sequence]:
            yield line

    async def balance_as_of(self, account_id: AccountId, as_of: datetime) -> Balance:
        """See Statements."""
        past = [entry for entry in self._entries(account_id) if entry.created_at <= as_of]

        lots = self._ledger.lots
        later = {
            entry.entry_id
            for entry in past
            if entry.grant_id and not lots[entry.grant_id].is_effective(as_of)
        }

        by_category: dict[Category, int] = {}
        for entry in past:
            if entry.entry_id not in later:
                sofar = by_category.get(entry.category, 0)
                by_category[entry.category] = sofar + entry.movement.available
        return Balance(
            account_id=account_id,
            available=sum(by_category.values()),
            held=sum(entry.movement.held for entry in past),
            debt=-sum(entry.movement.debt for entry in past),
            by_category={category: amount for category, amount in by_category.items() if amount},
            sequence=len(past),
            upcoming=sum(entry.movement.available for entry in past if entry.entry_id in later),
        )

    def _entries(self, account_id: AccountId) -> list[Entry]:
        return [entry for entry in self._ledger.entries if entry.account_id == account_id]

    def _journal(self, account_id: AccountId) -> list[StatementLine]:
        journal, made = [], GENESIS
        for entry in self._entries(account_id):
            made = next_hash(made, journal_line(entry))
            journal.append(StatementLine(entry=entry, hash=made))
        return journal
