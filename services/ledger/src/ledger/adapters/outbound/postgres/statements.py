"""Statements from PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import datetime

from chassis.postgres import transaction
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ledger.adapters.outbound.postgres import rows
from ledger.domain.balance import Balance
from ledger.domain.chain import GENESIS
from ledger.domain.identifiers import AccountId
from ledger.domain.lot import Category
from ledger.ports.statements import StatementLine, StatementOpening, StatementRange

PAGE_LINES = 500

# Sequence and time grow together, so the range in time is a range of sequences.
_RANGE = text(
    """
    WITH opening AS (
        SELECT sequence, balance_after, held_after FROM entries
        WHERE account_id = :account AND created_at < CAST(:since AS timestamptz)
        ORDER BY sequence DESC LIMIT 1)
    SELECT opening.sequence, balance_after, held_after,
           (SELECT coalesce(-sum(e.debt), 0) FROM entries e
            WHERE e.account_id = :account AND e.sequence <= opening.sequence) AS debt,
           (SELECT s.hash FROM sealed_entries s
            WHERE s.account_id = :account AND s.sequence = opening.sequence) AS hash,
           (SELECT e.sequence FROM entries e
            WHERE e.account_id = :account AND e.created_at < CAST(:until AS timestamptz)
            ORDER BY e.sequence DESC LIMIT 1) AS last,
           (SELECT s.sequence FROM sealed_entries s WHERE s.account_id = :account
            ORDER BY s.sequence DESC LIMIT 1) AS sealed
    FROM (SELECT 1) one LEFT JOIN opening ON true
    """
)
_LINES = text(
    f"""
    SELECT {rows.ENTRY}, (
        SELECT s.hash FROM sealed_entries s
        WHERE s.account_id = entries.account_id AND s.sequence = entries.sequence) AS hash
    FROM entries
    WHERE account_id = :account AND sequence > :after AND sequence <= :last
    ORDER BY sequence
    """  # noqa: S608 - our own constants
)
_AS_OF = text(
    """
    SELECT category, sum(held) AS held, -sum(debt) AS debt, max(sequence) AS sequence,
           coalesce(sum(available) FILTER (WHERE later IS NULL), 0) AS available,
           coalesce(sum(available) FILTER (WHERE later IS NOT NULL), 0) AS upcoming
    FROM (SELECT e.*, (SELECT l.effective_at FROM lots l
                       WHERE l.grant_id = e.grant_id AND l.effective_at > :as_of
                         AND l.effective_at > l.created_at) AS later
          FROM entries e WHERE e.account_id = :account AND e.created_at <= :as_of) past
    GROUP BY category
    """
)


class PostgresStatements:
    """Reads journals in pages; implements Statements.

    A journal only grows, so what was there at the snapshot is read page by page afterwards: a slow reader
    holds neither a connection nor a snapshot.
    """

    def __init__(self, engine: AsyncEngine, *, page_lines: int = PAGE_LINES) -> None:
        self._engine = engine
        self._page_lines = page_lines

    async def range(
        self, account_id: AccountId, since: datetime | None, until: datetime | None
    ) -> StatementRange:
        """See Statements."""
        bounds = {
            "account": account_id,
            "since": since.isoformat() if since else "-infinity",
            "until": until.isoformat() if until else "infinity",
        }
        async with transaction(self._engine, account_id) as connection:
            row = (await connection.execute(_RANGE, bounds)).one()
        opening = StatementOpening(
            account_id=account_id,
            since=since,
            until=until,
            available=row.balance_after or 0,
            held=row.held_after or 0,
            debt=int(row.debt),
            sequence=row.sequence or 0,
            hash=row.hash if row.sequence else GENESIS,
        )
        return StatementRange(
            opening=opening,
            last_sequence=max(row.last or 0, opening.sequence),
            sealed_sequence=row.sealed or 0,
        )

    async def lines(self, covered: StatementRange) -> AsyncIterator[StatementLine]:
        """See Statements."""
        account_id, after = covered.opening.account_id, covered.opening.sequence
        while after < covered.last_sequence:
            # Sequences are dense, so a page is bounded by them, whatever the planner makes of a limit.
            last = min(after + self._page_lines, covered.last_sequence)
            bounds = {"account": account_id, "after": after, "last": last}
            async with transaction(self._engine, account_id) as connection:
                page = (await connection.execute(_LINES, bounds)).all()
            if not page:
                raise RuntimeError(f"{account_id}: the journal has a gap after {after}")
            for row in page:
                entry = rows.to_entry(row)
                sealed = entry.sequence <= covered.sealed_sequence
                yield StatementLine(entry=entry, hash=row[-1] if sealed else None)
                after = entry.sequence

    async def balance_as_of(self, account_id: AccountId, as_of: datetime) -> Balance:
        """See Statements."""
        async with transaction(self._engine, account_id) as connection:
            found = (await connection.execute(_AS_OF, {"account": account_id, "as_of": as_of})).all()
        return Balance(
            account_id=account_id,
            available=sum(int(row.available) for row in found),
            held=sum(int(row.held) for row in found),
            debt=sum(int(row.debt) for row in found),
            by_category={Category(row.category): int(row.available) for row in found if row.available},
            sequence=max((row.sequence for row in found), default=0),
            upcoming=sum(int(row.upcoming) for row in found),
        )
