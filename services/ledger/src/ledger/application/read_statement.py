"""Read an account's statement: opening, every line of a range with its hash, closing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from ledger.application.bounds import require_account
from ledger.domain.errors import InvalidField
from ledger.domain.identifiers import AccountId
from ledger.ports.statements import StatementClosing, StatementLine, StatementOpening, Statements

StatementPart = StatementOpening | StatementLine | StatementClosing


@dataclass(frozen=True, kw_only=True)
class ReadStatement:
    """What is asked: an account's entries from `since` up to, but without, `until`."""

    account_id: AccountId
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class ReadStatementHandler:
    """Streams statements that anyone can verify."""

    statements: Statements

    async def __call__(self, command: ReadStatement) -> AsyncIterator[StatementPart]:
        """Yield the opening, the lines by sequence, the closing. Raises InvalidField."""
        require_account("account_id", command.account_id)
        if command.since and command.until and command.since > command.until:
            raise InvalidField("from", "must not be after to")
        covered = await self.statements.range(command.account_id, command.since, command.until)
        yield covered.opening
        closing = _Closing(covered.opening)
        async for line in self.statements.lines(covered):
            closing.add(line)
            yield line
        yield closing.finished()


class _Closing:
    """Adds up what was shown."""

    def __init__(self, opening: StatementOpening) -> None:
        self._available, self._held, self._debt = opening.available, opening.held, opening.debt
        self._sequence, self._hash = opening.sequence, opening.hash
        self._lines = self._unsealed = 0

    def add(self, line: StatementLine) -> None:
        entry = line.entry
        self._available, self._held = entry.balance_after, entry.held_after
        self._debt -= entry.movement.debt
        self._sequence = entry.sequence
        self._lines += 1
        if line.hash is None:
            self._unsealed += 1
        else:
            self._hash = line.hash

    def finished(self) -> StatementClosing:
        return StatementClosing(
            available=self._available,
            held=self._held,
            debt=self._debt,
            sequence=self._sequence,
            hash=self._hash,
            lines=self._lines,
            unsealed=self._unsealed,
        )
