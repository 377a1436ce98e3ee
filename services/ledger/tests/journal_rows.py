"""Journal rows written by SQL, as the ledger's own role writes them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from embedded.testing import ServiceDatabase
from psycopg.types.json import Jsonb

START = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)

_INSERT = """
    INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category, available, held,
        world, revenue, breakage, debt, adjustment, balance_after, held_after, request_id, grant_id,
        reservation_id, reference, payment_id, actor, reason, metadata, created_at)
    VALUES (%(entry_id)s, %(transaction_id)s, %(account_id)s, %(sequence)s, %(kind)s, %(category)s,
        %(available)s, %(held)s, %(world)s, 0, 0, 0, 0, %(balance_after)s, %(held_after)s, %(request_id)s,
        %(grant_id)s, %(reservation_id)s, %(reference)s, %(payment_id)s, %(actor)s, %(reason)s, %(metadata)s,
        %(created_at)s)
"""


@dataclass
class Journal:
    """Grows accounts' journals; a row a minute."""

    connection: psycopg.Connection[Any]
    ends: dict[str, tuple[int, int]] = field(default_factory=dict)

    def write(self, account_id: str, *, rows: int = 1, **changes: Any) -> None:
        """Append grants of 10 credits; the caller commits."""
        written = [self._next(account_id, changes) for _ in range(rows)]
        with self.connection.cursor() as cursor:
            cursor.executemany(_INSERT, written)

    def commit(self) -> None:
        """Commit what was written and open the system's scope again."""
        self.connection.commit()
        self.connection.execute("SELECT set_config('app.account', '*', true)")

    def _next(self, account_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        sequence, balance = self.ends.get(account_id, (0, 0))
        sequence, balance = sequence + 1, balance + 10
        self.ends[account_id] = (sequence, balance)
        return {
            "entry_id": f"ent_{account_id}_{sequence}",
            "transaction_id": f"txn_{sequence}",
            "account_id": account_id,
            "sequence": sequence,
            "kind": "grant",
            "category": "paid",
            "available": 10,
            "held": 0,
            "world": -10,
            "balance_after": balance,
            "held_after": 0,
            "request_id": f"payment:pi_{account_id}_{sequence}",
            "grant_id": f"grt_{sequence}",
            "reservation_id": None,
            "reference": None,
            "payment_id": f"pi_{account_id}_{sequence}",
            "actor": "usr_admin",
            "reason": 'Thé "à la" carte\n=1+1',
            "metadata": Jsonb({"key": "wert", "a": "ü"}),
            "created_at": START + timedelta(minutes=sequence),
            **changes,
        }


def open_journal(database: ServiceDatabase) -> Journal:
    """Connect as the ledger's role."""
    connection = psycopg.connect(database.url.replace("+psycopg", ""))
    connection.execute("SELECT set_config('app.account', '*', true)")
    return Journal(connection)
