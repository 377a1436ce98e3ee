"""Sealing over PostgreSQL: finds what waits by transaction id, so that no late commit is lost.

An entry keeps the id of the transaction that wrote it. Below the oldest transaction that still runs
(anywhere on the server: a long one holds the sealer back) every id is decided and every commit is visible,
so each round covers a range of ids, and the last seal says where the next range begins. A range only names
accounts: an account's rows are committed in the order of their sequence, though not of their transaction
ids, so its chain grows up to the last row of the range, over rows of later ranges if need be.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate

from chassis.postgres import SYSTEM_SCOPE, transaction
from prometheus_client import Counter, Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.adapters.outbound.journal_lines import LINE_COLUMNS, line
from ledger.domain.chain import GENESIS, Head, JournalLine
from ledger.domain.seal import Seal

ROUND_ENTRIES = 2_000
# Rows that are read, and hashed, before anybody else gets a turn in this process.
_TURN_ROWS = 250
# Any number that nothing else in the same database locks.
_SEALER_LOCK = 7_305_202_602

_OLDEST = Gauge(
    "ledger_unsealed_oldest_age_seconds", "Age of the oldest journal entry that is not sealed yet"
)
_SEALED = Counter("ledger_sealed_entries_total", "Journal entries that were sealed")

# Each query here takes the first few rows of an index, but behind row level security the planner expects few
# rows in all, and would read the whole backlog, or a whole account, to sort it.
_LOCK = text(
    """
    SELECT pg_try_advisory_xact_lock(:lock) FROM (
        SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
               set_config('enable_seqscan', 'off', true) OFFSET 0) settings
    """
)
_POSITION = text(
    """
    SELECT seal_id, hash, CAST(CAST(horizon AS text) AS bigint) AS horizon,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS decided
    FROM (SELECT 1) one LEFT JOIN (SELECT * FROM seals ORDER BY seal_id DESC LIMIT 1) last ON true
    """
)
_AGE = text(
    """
    SELECT extract(epoch FROM clock_timestamp() - e.created_at) FROM entries e
    WHERE e.xid >= CAST(CAST(:start AS text) AS xid8) AND NOT EXISTS (
        SELECT 1 FROM sealed_entries s WHERE s.account_id = e.account_id AND s.sequence = e.sequence)
    ORDER BY e.xid LIMIT 1
    """
)
# The first transaction of what waits, and the first that is too many for one round.
_BOUNDS = text(
    """
    WITH waiting AS (
        SELECT xid FROM entries
        WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < CAST(CAST(:decided AS text) AS xid8)
        ORDER BY xid LIMIT :most + 1)
    SELECT CAST(CAST(min(xid) AS text) AS bigint) AS first, CAST(CAST(max(xid) AS text) AS bigint) AS last,
           count(*) AS entries
    FROM waiting
    """
)
_UNSEALED = text(
    f"""
    WITH dirty AS MATERIALIZED (
        SELECT account_id, max(sequence) AS last FROM entries
        WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < CAST(CAST(:stop AS text) AS xid8)
        GROUP BY account_id),
    -- Materialized: behind row level security a condition with an expression in it is none for an index.
    heads AS MATERIALIZED (
        SELECT dirty.account_id, dirty.last, coalesce(head.sequence, 0) AS sealed, head.hash
        FROM dirty LEFT JOIN LATERAL (
            SELECT s.sequence, s.hash FROM sealed_entries s WHERE s.account_id = dirty.account_id
            ORDER BY s.sequence DESC LIMIT 1) head ON true)
    SELECT heads.sealed, heads.hash, {LINE_COLUMNS}
    FROM heads CROSS JOIN LATERAL (
        SELECT *, row_number() OVER (ORDER BY sequence) AS place FROM entries
        WHERE account_id = heads.account_id AND sequence > heads.sealed AND sequence <= heads.last
        ORDER BY sequence LIMIT :most) e
    -- A chain ends before a gap; Verify names the gap.
    WHERE e.sequence = heads.sealed + e.place
    ORDER BY e.account_id COLLATE "C", e.sequence LIMIT :most
    """  # noqa: S608 - our own constants
)
# The hashes come as one string of bytes, chain after chain: an array of them is slow to send.
_STORE = text(
    """
    WITH chain AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:chains AS jsonb))
            AS one (account_id text, first bigint, last bigint, begins bigint)),
    hashes AS (
        INSERT INTO sealed_entries (account_id, sequence, hash)
        SELECT account_id, first + n,
               substring(CAST(:hashes AS bytea) FROM CAST(32 * (begins + n) + 1 AS int) FOR 32)
        FROM chain CROSS JOIN LATERAL generate_series(0, last - first) n)
    INSERT INTO seals
        (seal_id, entries, accounts, first_sequences, last_sequences, hash, horizon, sealed_at)
    SELECT :seal_id, :entries, array_agg(account_id ORDER BY begins), array_agg(first ORDER BY begins),
           array_agg(last ORDER BY begins), :hash, CAST(CAST(:horizon AS text) AS xid8), clock_timestamp()
    FROM chain
    """
)


@dataclass(frozen=True, kw_only=True)
class _Range:
    """Transactions from `start` up to, but without, `stop`."""

    start: int
    stop: int
    more: bool


class PostgresJournalSealing:
    """Opens rounds of at most about `round_entries` entries; implements JournalSealing."""

    def __init__(self, engine: AsyncEngine, *, round_entries: int = ROUND_ENTRIES) -> None:
        self._engine = engine
        self._round_entries = round_entries
        # Every transaction below is sealed, though no seal says so: it had nothing that was not sealed
        # with a later one. Spares reading it again; after a restart it is read once more.
        self._nothing_before = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["PostgresSealingRound | None"]:
        """See JournalSealing."""
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            if not await connection.scalar(_LOCK, {"lock": _SEALER_LOCK}):
                yield None
                return
            # A statement of its own: its snapshot must see what the holder before us committed.
            position = (await connection.execute(_POSITION)).one()
            # A server that was restored from a dump counts transactions anew: start over then.
            starts = [at for at in (position.horizon, self._nothing_before) if at and at <= position.decided]
            covers = await self._range(connection, max(starts, default=0), position.decided)
            age_s = await connection.scalar(_AGE, {"start": covers.start})
            _OLDEST.set(max(0.0, float(age_s or 0)))
            previous = Seal(seal_id=position.seal_id or 0, hash=position.hash or GENESIS)
            sealing = PostgresSealingRound(connection, previous, covers, most=2 * self._round_entries)
            yield sealing
        self._nothing_before = sealing.nothing_before

    async def _range(self, connection: AsyncConnection, start: int, decided: int) -> _Range:
        most = self._round_entries
        bounds = (await connection.execute(_BOUNDS, {"start": start, "decided": decided, "most": most})).one()
        if bounds.entries <= most:
            return _Range(start=start, stop=decided, more=False)
        # Whole transactions only; one that is larger than a round is a round.
        return _Range(start=start, stop=max(bounds.last, bounds.first + 1), more=True)


class PostgresSealingRound:
    """One open transaction; implements SealingRound."""

    def __init__(self, connection: AsyncConnection, previous: Seal, covers: _Range, *, most: int) -> None:
        self._connection = connection
        self._covers = covers
        self._most = most
        self._seen = 0
        self.previous = previous
        self.nothing_before = covers.start

    async def unsealed(self) -> AsyncIterator[tuple[str, Head, JournalLine]]:
        """See SealingRound."""
        stream = await self._connection.stream(
            _UNSEALED,
            {"start": self._covers.start, "stop": self._covers.stop, "most": self._most},
            execution_options={"yield_per": _TURN_ROWS},
        )
        async for rows in stream.partitions(_TURN_ROWS):
            self._seen += len(rows)
            for row in rows:
                head = Head(row[0], row[1]) if row[0] else Head()
                yield row[2], head, line(row[2:])

    async def finish(self, seal: Seal | None) -> bool:
        """See SealingRound."""
        cut = self._seen >= self._most
        # What was cut short begins again at the same transaction, and finds the rest.
        horizon = self._covers.start if cut and seal else self._covers.stop
        if seal is None:
            self.nothing_before = horizon
        else:
            await self._store(seal, horizon)
        return self._covers.more or (cut and seal is not None)

    async def _store(self, seal: Seal, horizon: int) -> None:
        begins = accumulate((len(chain.hashes) for chain in seal.chains), initial=0)
        chains = [
            {
                "account_id": chain.account_id,
                "first": chain.first_sequence,
                "last": chain.head.sequence,
                "begins": begin,
            }
            for chain, begin in zip(seal.chains, begins, strict=False)
        ]
        await self._connection.execute(
            _STORE,
            {
                "chains": json.dumps(chains),
                "hashes": b"".join(made for chain in seal.chains for made in chain.hashes),
                "seal_id": seal.seal_id,
                "entries": seal.entries,
                "hash": seal.hash,
                "horizon": horizon,
            },
        )
        _SEALED.inc(seal.entries)
