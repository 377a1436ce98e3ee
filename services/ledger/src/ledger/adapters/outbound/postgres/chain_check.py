"""Whether the chain holds: every hash is made again from the rows as they are now, in constant memory."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.adapters.outbound.postgres.journal_lines import FIELDS, LINE_COLUMNS, line
from ledger.domain.chain import GENESIS, Head, next_hash, seal_hash
from ledger.domain.identifiers import AccountId
from ledger.ports.invariants import InvariantResult

EXAMPLES_MAX = 5
# Rows in memory at a time; a seal names the accounts of a whole round.
_STREAM_ROWS, _STREAM_SEALS = 250, 10
_SEQUENCE = FIELDS.index("sequence")
_ACCOUNT = 2 + FIELDS.index("account_id")

# Whether the database may sort and hash the whole journal, or walks along the primary keys: behind row level
# security the planner expects few rows, and would keep them all on its disk first.
_PLANS = text(
    """
    SELECT set_config('enable_sort', :switch, true), set_config('enable_hashjoin', :switch, true),
           set_config('enable_seqscan', :switch, true), set_config('enable_bitmapscan', :switch, true)
    """
)
# Both sides in the order of their primary keys. `due`: the seals say that it is sealed.
_ENTRIES = text(
    f"""
    SELECT s.hash, coalesce(e.xid < (
        SELECT horizon FROM (SELECT horizon FROM seals ORDER BY seal_id DESC LIMIT 1) last
        WHERE horizon <= pg_snapshot_xmin(pg_current_snapshot())), false) AS due, {LINE_COLUMNS}
    FROM entries e LEFT JOIN sealed_entries s ON s.account_id = e.account_id AND s.sequence = e.sequence
    ORDER BY e.account_id, e.sequence
    """  # noqa: S608 - our own constants
)
_ORPHANS = text(
    """
    SELECT s.account_id, s.sequence FROM sealed_entries s
    WHERE NOT EXISTS (
        SELECT 1 FROM entries e WHERE e.account_id = s.account_id AND e.sequence = s.sequence)
    """
)
_SEALS = text(
    "SELECT seal_id, entries, accounts, first_sequences, last_sequences, hash FROM seals ORDER BY 1"
)
_HEADS = text(
    """
    SELECT ends.account_id, ends.sequence, s.hash
    FROM unnest(CAST(:accounts AS text[]), CAST(:sequences AS bigint[])) ends (account_id, sequence)
    JOIN sealed_entries s ON s.account_id = ends.account_id AND s.sequence = ends.sequence
    """
)
# Seals whose part of an account's chain does not begin where the part before ended, and accounts whose
# hashes end elsewhere than the seals say.
_REACH = text(
    """
    WITH reach AS (
        SELECT seal_id, account_id, first, last,
               lag(last, 1, CAST(0 AS bigint)) OVER (PARTITION BY account_id ORDER BY seal_id) AS before
        FROM seals, unnest(accounts, first_sequences, last_sequences) part (account_id, first, last))
    SELECT account_id, first AS sequence FROM reach WHERE (first = before + 1 AND last >= first) IS NOT TRUE
    UNION ALL
    SELECT coalesce(hashes.account_id, covered.account_id), least(hashes.last, covered.last) + 1
    FROM (SELECT account_id, max(sequence) AS last FROM sealed_entries GROUP BY account_id) hashes
    FULL JOIN (SELECT account_id, max(last) AS last FROM reach GROUP BY account_id) covered
      ON covered.account_id = hashes.account_id
    WHERE hashes.last IS DISTINCT FROM covered.last
    """
)


@dataclass
class _Findings:
    checked: int = 0
    violations: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, offender: str, *, times: int = 1) -> None:
        self.violations += times
        if len(self.examples) < EXAMPLES_MAX and offender not in self.examples:
            self.examples.append(offender)


async def chain_holds(connection: AsyncConnection) -> InvariantResult:
    """Check every entry, hash and seal in the snapshot and the scope of this connection.

    An offender is named by account and sequence, or by seal. One changed entry is one offender: those
    after it are judged by the hash that is stored for it.
    """
    found = _Findings()
    await connection.execute(_PLANS, {"switch": "off"})
    await _check_entries(connection, found)
    async for account_id, sequence in _stream(connection, _ORPHANS):
        found.add(f"{account_id} {sequence}: sealed, but the entry is gone")
    await connection.execute(_PLANS, {"switch": "on"})
    await _check_seals(connection, found)
    async for account_id, sequence in _stream(connection, _REACH):
        found.add(f"{account_id} {sequence}: hashes and seals do not meet")
    return InvariantResult(
        invariant="chain_holds",
        description="each sealed entry, each hash and each seal is as it was when it was sealed",
        checked=found.checked,
        violations=found.violations,
        examples=tuple(found.examples),
    )


@dataclass
class _Walk:
    """Where the walk stands in one account's chain."""

    account_id: AccountId
    found: _Findings
    head: Head = field(default_factory=Head)
    unsealed: int = 0
    due: bool = False

    def take(self, made: bytes | None, due: bool, columns: Sequence[Any]) -> None:
        """Judge the account's next row."""
        entry = line(columns)
        sequence = int(columns[_SEQUENCE])
        if made is None:
            self.unsealed += 1
            self.due = self.due or due
            return
        self.found.checked += 1
        expected = self.head.sequence + self.unsealed + 1
        if self.unsealed:
            self._unsealed()
        elif sequence != expected:
            self.found.add(f"{self.account_id} {expected}: the entry is gone", times=sequence - expected)
        elif next_hash(self.head.hash, entry) != made:
            self.found.add(f"{self.account_id} {sequence}: the entry or its hash was changed")
        self.head = Head(sequence, made)
        self.unsealed, self.due = 0, False

    def end(self) -> None:
        """Judge what is left: entries at the end may wait for the sealer, unless it was there."""
        if self.due:
            self._unsealed()

    def _unsealed(self) -> None:
        offender = f"{self.account_id} {self.head.sequence + 1}: passed over by the seals"
        self.found.add(offender, times=self.unsealed)


async def _check_entries(connection: AsyncConnection, found: _Findings) -> None:
    walk = _Walk(AccountId(""), found)
    async for row in _stream(connection, _ENTRIES):
        if row[_ACCOUNT] != walk.account_id:
            walk.end()
            walk = _Walk(row[_ACCOUNT], found)
        walk.take(row[0], row[1], row[2:])
    walk.end()


async def _check_seals(connection: AsyncConnection, found: _Findings) -> None:
    previous_id, previous = 0, GENESIS
    async for seal_id, entries, accounts, firsts, lasts, made in _stream(connection, _SEALS, _STREAM_SEALS):
        if seal_id != previous_id + 1:
            found.add(f"seal {previous_id + 1}: is gone", times=max(1, seal_id - previous_id - 1))
        rows = await connection.execute(_HEADS, {"accounts": accounts, "sequences": lasts})
        stored = {(row[0], row[1]): row[2] for row in rows}
        ends = list(zip(accounts, lasts, strict=False))
        gone = [end for end in ends if end not in stored]
        for account_id, last in gone:
            found.add(f"{account_id} {last}: its hash is gone, by seal {seal_id}")
        if not gone and (
            not len(accounts) == len(firsts) == len(lasts)
            or entries != sum(lasts) - sum(firsts) + len(lasts)
            or made
            != seal_hash(
                previous, ((account_id, Head(last, stored[account_id, last])) for account_id, last in ends)
            )
        ):
            found.add(f"seal {seal_id}: it, the one before it or a hash that it covers was changed")
        previous_id, previous = seal_id, made


async def _stream(
    connection: AsyncConnection, query: Any, rows: int = _STREAM_ROWS
) -> AsyncIterator[Sequence[Any]]:
    stream = await connection.stream(query, execution_options={"yield_per": rows})
    async for part in stream.partitions(rows):
        for row in part:
            yield row
