"""What the reconciler asks of PostgreSQL does not grow with the checkouts that are settled."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from billing_support import CountingIds
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from embedded.testing import ServiceDatabase
from sqlalchemy import text

pytestmark = pytest.mark.server

SETTLED, DUE = 50_000, 200
NOW = datetime(2026, 1, 2, tzinfo=UTC)
INSERT = """
INSERT INTO checkouts (checkout_id, user_id, idempotency_key, pack_id, pack_title, credits, price_minor,
    currency, session_id, url, status, created_at, opened_at, next_check_at)
SELECT 'chk_' || n, 'usr_' || n, 'k', 'starter', 'Starter', 1000, 1000, 'usd', 'cs_' || n, '', 'expired',
    now(), '2026-01-01'::timestamptz + n * interval '1 ms',
    CASE WHEN n <= %s THEN '2026-01-01'::timestamptz + n * interval '1 s' END
FROM generate_series(1, %s) n
"""


async def test_questions_are_found_by_an_index(service_database: Callable[[str], ServiceDatabase]) -> None:
    """Of fifty thousand, the few that are due are read, and each half is what it should be."""
    database = service_database("billing")
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute(INSERT, (DUE, SETTLED))
        admin.execute("ANALYZE checkouts")
    engine = create_engine(database.url)
    for order in ("opened_at DESC", "next_check_at"):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            query = f"SELECT * FROM checkouts WHERE next_check_at <= :now ORDER BY {order} LIMIT 20"
            rows = await connection.execute(text(f"EXPLAIN {query} FOR UPDATE SKIP LOCKED"), {"now": NOW})
            plan = "\n".join(row[0] for row in rows)
        assert "checkouts_to_check" in plan, plan
        assert "Seq Scan" not in plan, plan
    async with PostgresUnitsOfWork(engine, CountingIds()).of_system() as work:
        claimed = await work.claim_checks(now=NOW, until=NOW + timedelta(minutes=1), limit=4)
    # The newest two, and the two that are due for longest.
    assert {one.checkout_id for one in claimed} == {"chk_200", "chk_199", "chk_1", "chk_2"}
    await engine.dispose()
