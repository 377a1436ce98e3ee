"""Reading an account's journal as it was written, with the hashes that seal it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledger.domain.balance import Balance
from ledger.domain.entry import Entry
from ledger.domain.identifiers import AccountId


@dataclass(frozen=True, kw_only=True)
class StatementOpening:
    """Where a statement begins: the balances after `sequence`, the last entry before the range.

    `hash` seals that entry; it is the genesis before the first entry, and None while the sealer has not
    reached it.
    """

    account_id: AccountId
    since: datetime | None
    until: datetime | None
    available: int
    held: int
    debt: int
    sequence: int
    hash: bytes | None


@dataclass(frozen=True, kw_only=True)
class StatementRange:
    """What a statement covers: its opening, its last sequence, and the last that is shown as sealed."""

    opening: StatementOpening
    last_sequence: int
    sealed_sequence: int


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One entry and the hash that seals it; None while the sealer has not reached it."""

    entry: Entry
    hash: bytes | None


@dataclass(frozen=True, kw_only=True)
class StatementClosing:
    """Where a statement ends: the balances after `sequence`, and the hash of the last sealed line."""

    available: int
    held: int
    debt: int
    sequence: int
    hash: bytes | None
    lines: int
    unsealed: int


class Statements(Protocol):
    """Reads one account, in its own scope, and locks nothing."""

    async def range(
        self, account_id: AccountId, since: datetime | None, until: datetime | None
    ) -> StatementRange:
        """Return what a statement from `since` up to, but without, `until` covers, from one snapshot."""

    def lines(self, covered: StatementRange) -> AsyncIterator[StatementLine]:
        """Stream the lines by sequence, without gaps: exactly those that were there at the snapshot.

        A line after `sealed_sequence` has no hash, though it may be sealed by now.
        """

    async def balance_as_of(self, account_id: AccountId, as_of: datetime) -> Balance:
        """Return the balance as it was booked at a time; zeroes before the first entry.

        What was granted for later is upcoming then; what had expired counts until that was booked.
        """
