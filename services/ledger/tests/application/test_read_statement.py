"""Statements whose end the sealer has not reached; everything else is told over every store: ports/."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.adapters.outbound.memory_statements import MemoryStatements
from ledger.application.read_statement import ReadStatement, ReadStatementHandler
from ledger.domain.chain import GENESIS
from ledger.ports.statements import StatementClosing, StatementLine, StatementRange
from support import LedgerUnderTest

ME = "usr_me"


class LateSealed(MemoryStatements):
    """Shows the hashes of the first lines only."""

    def __init__(self, ledger: MemoryLedger, *, sealed: int) -> None:
        super().__init__(ledger)
        self._sealed = sealed

    async def lines(self, covered: StatementRange) -> AsyncIterator[StatementLine]:
        """See Statements."""
        async for line in super().lines(covered):
            yield line if line.entry.sequence <= self._sealed else replace(line, hash=None)


@pytest.mark.parametrize("sealed", [0, 1, 3, 4])
async def test_what_is_not_sealed_yet_is_counted_and_shown(sealed: int) -> None:
    """With its balances; the closing's hash is that of the last line that has one."""
    store = MemoryLedger()
    ledger = LedgerUnderTest.over_memory(store)
    for amount in (1, 2, 3, 4):
        await ledger.give(ME, amount)
    parts = [
        part
        async for part in ReadStatementHandler(LateSealed(store, sealed=sealed))(ReadStatement(account_id=ME))
    ]
    lines = [part for part in parts if isinstance(part, StatementLine)]
    assert [line.entry.balance_after for line in lines] == [1, 3, 6, 10]
    assert [line.hash is None for line in lines] == [False] * sealed + [True] * (4 - sealed)
    assert parts[-1] == StatementClosing(
        available=10,
        held=0,
        debt=0,
        sequence=4,
        hash=lines[sealed - 1].hash if sealed else GENESIS,
        lines=4,
        unsealed=4 - sealed,
    )
