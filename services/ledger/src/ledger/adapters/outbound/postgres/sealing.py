"""Sealing over PostgreSQL: finds what waits by transaction id, so that no late commit is lost.

An entry keeps the id of the transaction that wrote it. Below the oldest transaction that still runs
(anywhere on the server: a long one holds the sealer back) every id is decided and every commit is visible,
so each round covers a range of ids, and the last seal says where the next range begins. A range only names
accounts: an account's rows are committed in the order of their sequence, though not of their transaction
ids, so its chain grows up to the last row of the range, over rows of later ranges if need be.

A transaction that is larger than a round (a migration that touched the whole journal) is sealed account by
account instead: each round walks over some accounts, and seals whatever of theirs is not sealed yet.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate

from chassis.postgres import SYSTEM_SCOPE, transaction
from prometheus_client import Counter, Gauge
from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ledger.adapters.outbound.postgres import sealing_queries as queries
from ledger.adapters.outbound.postgres.journal_lines import line
from ledger.domain.chain import GENESIS, Head, JournalLine
from ledger.domain.identifiers import AccountId
from ledger.domain.seal import Seal

ROUND_ENTRIES = 2_000
# Accounts that a round looks at while it walks.
WALKED_ACCOUNTS = 500
# Rows that are read, and hashed, before anybody else gets a turn in this process.
_TURN_ROWS = 250
# Any number that nothing else in the same database locks.
_SEALER_LOCK = 7_305_202_602

_OLDEST = Gauge(
    "ledger_unsealed_oldest_age_seconds", "Age of the oldest journal entry that is not sealed yet"
)
_SEALED = Counter("ledger_sealed_entries_total", "Journal entries that were sealed")


@dataclass(frozen=True, kw_only=True)
class _Range:
    """Transactions from `start` up to, but without, `stop`."""

    start: int
    stop: int
    more: bool
    # Whether it is one transaction that is too large for a round.
    is_huge: bool = False


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """The next accounts of a walk, those after one; none at its end."""

    after: str
    accounts: list[str]


class PostgresJournalSealing:
    """Opens rounds of at most about `round_entries` entries; implements JournalSealing."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        round_entries: int = ROUND_ENTRIES,
        walked_accounts: int = WALKED_ACCOUNTS,
    ) -> None:
        self._engine = engine
        self._round_entries = round_entries
        self._walked_accounts = walked_accounts
        # Every transaction below is sealed, though no seal says so: it had nothing that was not sealed
        # with a later one. Spares reading it again; after a restart it is read once more.
        self._nothing_before = 0
        # Through which transaction it walks, and after which account it goes on. Started over by a restart,
        # when accounts that are sealed already cost a look each.
        self._walked = (0, "")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["PostgresSealingRound | None"]:
        """See JournalSealing."""
        async with transaction(self._engine, SYSTEM_SCOPE) as connection:
            if not await connection.scalar(queries.LOCK, {"lock": _SEALER_LOCK}):
                yield None
                return
            # A statement of its own: its snapshot must see what the holder before us committed.
            position = (await connection.execute(queries.POSITION)).one()
            # A server that was restored from a dump counts transactions anew: start over then.
            starts = [at for at in (position.horizon, self._nothing_before) if at and at <= position.decided]
            covers = await self._range(connection, max(starts, default=0), position.decided)
            if not covers.is_huge:
                # Of a huge one it stays what it was: looking for the oldest would read all that is sealed.
                age_s = await connection.scalar(queries.AGE, {"start": covers.start})
                _OLDEST.set(max(0.0, float(age_s or 0)))
            walk = await self._walk(connection, covers) if covers.is_huge else None
            previous = Seal(seal_id=position.seal_id or 0, hash=position.hash or GENESIS)
            sealing = PostgresSealingRound(connection, previous, covers, walk, most=2 * self._round_entries)
            yield sealing
        self._nothing_before = sealing.nothing_before
        self._walked = (covers.start, sealing.walked_to)

    async def _range(self, connection: AsyncConnection, start: int, decided: int) -> _Range:
        most = self._round_entries
        bounds = (
            await connection.execute(queries.BOUNDS, {"start": start, "decided": decided, "most": most})
        ).one()
        if bounds.entries <= most:
            return _Range(start=start, stop=decided, more=False)
        # Whole transactions only.
        if bounds.first < bounds.last:
            return _Range(start=start, stop=bounds.last, more=True)
        return _Range(start=bounds.first, stop=bounds.first + 1, more=True, is_huge=True)

    async def _walk(self, connection: AsyncConnection, covers: _Range) -> _Walk:
        transaction_id, account_id = self._walked
        after = account_id if transaction_id == covers.start else ""
        found = await connection.scalar(queries.WALK, {"after": after, "accounts": self._walked_accounts})
        return _Walk(after=after, accounts=found or [])


class PostgresSealingRound:
    """One open transaction; implements SealingRound."""

    def __init__(
        self, connection: AsyncConnection, previous: Seal, covers: _Range, walk: _Walk | None, *, most: int
    ) -> None:
        self._connection = connection
        self._covers = covers
        self._walk = walk
        self._most = most
        self._seen = 0
        self.previous = previous
        self.nothing_before = covers.start
        self.walked_to = walk.after if walk else ""

    async def unsealed(self) -> AsyncIterator[tuple[AccountId, Head, JournalLine]]:
        """See SealingRound."""
        query: TextClause = queries.UNSEALED
        which: dict[str, object] = {"start": self._covers.start, "stop": self._covers.stop}
        if self._walk is not None:
            query, which = queries.UNSEALED_OF_WALKED, {"accounts": self._walk.accounts}
        stream = await self._connection.stream(
            query, {**which, "most": self._most}, execution_options={"yield_per": _TURN_ROWS}
        )
        async for rows in stream.partitions(_TURN_ROWS):
            self._seen += len(rows)
            for row in rows:
                head = Head(row[0], row[1]) if row[0] else Head()
                yield row[2], head, line(row[2:])

    async def finish(self, seal: Seal | None) -> bool:
        """See SealingRound."""
        cut = self._seen >= self._most
        is_walking = self._walk is not None and bool(self._walk.accounts)
        if self._walk is not None and self._walk.accounts and not cut:
            self.walked_to = self._walk.accounts[-1]
        # What was cut short begins again at the same transaction, and finds the rest.
        horizon = self._covers.start if is_walking or (cut and seal) else self._covers.stop
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
            queries.STORE,
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
