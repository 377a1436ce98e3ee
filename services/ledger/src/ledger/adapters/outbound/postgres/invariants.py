"""The ledger's invariants as SQL: each query counts what it checked and returns the offenders."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from chassis.postgres import SYSTEM_SCOPE
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ledger.adapters.outbound.postgres.chain_check import chain_holds
from ledger.ports.invariants import InvariantResult

EXAMPLES_MAX = 5


@dataclass(frozen=True)
class _Check:
    """`counted` says how many things were checked; `offenders` selects one text a violation."""

    invariant: str
    description: str
    counted: str
    offenders: str


_BOOKS = "available + held + world + revenue + breakage + debt + adjustment"

CHECKS = (
    _Check(
        "entries_sum_to_zero",
        "every journal entry moves credits without making or losing any",
        "SELECT count(*) FROM entries",
        f"SELECT entry_id FROM entries WHERE {_BOOKS} <> 0",  # noqa: S608 - our own constant
    ),
    _Check(
        "balance_equals_replay",
        "each account's available and held credits equal the sum of its journal",
        "SELECT count(*) FROM accounts",
        """
        SELECT coalesce(a.account_id, j.account_id) FROM accounts a
        FULL JOIN (SELECT account_id, sum(available) AS available, sum(held) AS held,
                          sum(debt) AS debt, max(sequence) AS sequence
                   FROM entries GROUP BY account_id) j USING (account_id)
        WHERE (coalesce(a.available, 0), coalesce(a.held, 0), coalesce(a.debt, 0), coalesce(a.sequence, 0))
           <> (coalesce(j.available, 0), coalesce(j.held, 0), -coalesce(j.debt, 0), coalesce(j.sequence, 0))
        """,
    ),
    _Check(
        "running_balances_hold",
        "each entry's running balance is the one before it plus its movement",
        "SELECT count(*) FROM entries",
        """
        SELECT entry_id FROM (
            SELECT entry_id, balance_after, held_after,
                   sum(available) OVER w AS available, sum(held) OVER w AS held
            FROM entries WINDOW w AS (PARTITION BY account_id ORDER BY sequence)) replay
        WHERE balance_after <> available OR held_after <> held
        """,
    ),
    _Check(
        "sequences_are_dense",
        "each account's entries are numbered from 1 without gaps",
        "SELECT count(DISTINCT account_id) FROM entries",
        """
        SELECT account_id FROM entries
        GROUP BY account_id HAVING max(sequence) <> count(*) OR min(sequence) <> 1
        """,
    ),
    _Check(
        "lots_add_up",
        "what lots hold equals each account's balance, and each lot its amount",
        "SELECT count(*) FROM lots",
        """
        SELECT a.account_id FROM accounts a
        LEFT JOIN (SELECT account_id, sum(remaining) AS remaining, sum(held) AS held
                   FROM lots GROUP BY account_id) l USING (account_id)
        WHERE (a.available, a.held) <> (coalesce(l.remaining, 0), coalesce(l.held, 0))
        UNION ALL
        SELECT grant_id FROM lots WHERE amount <> remaining + held + spent + expired + clawed_back
        UNION ALL
        SELECT l.grant_id FROM lots l
        LEFT JOIN (SELECT grant_id,
                          sum(available) FILTER (WHERE available > 0 AND NOT refills) AS added
                   FROM (SELECT grant_id, available,
                                kind = 'clawback' AND grant_id IN
                                    (SELECT grant_id FROM lots WHERE payment_id IS NOT NULL) AS refills
                         FROM entries WHERE grant_id IS NOT NULL) moved GROUP BY grant_id) e USING (grant_id)
        WHERE coalesce(e.added, 0) <> l.amount
        """,
    ),
    _Check(
        "held_equals_open_reservations",
        "each account's held credits are those of its open reservations",
        "SELECT count(*) FROM reservations WHERE state = 'held'",
        """
        SELECT a.account_id FROM accounts a
        LEFT JOIN (SELECT account_id, sum(reserved) AS reserved FROM reservations WHERE state = 'held'
                   GROUP BY account_id) r USING (account_id)
        WHERE a.held <> coalesce(r.reserved, 0)
        """,
    ),
    _Check(
        "reservations_match_their_lines",
        "each reservation's amounts are the sums of the lots it pinned",
        "SELECT count(*) FROM reservations",
        """
        SELECT r.reservation_id FROM reservations r
        CROSS JOIN LATERAL (SELECT sum(amount) AS amount, sum(charged) AS charged,
                                   bool_and(charged BETWEEN 0 AND amount) AS fits,
                                   bool_and(grant_id IN (SELECT grant_id FROM lots)) AS known
                            FROM unnest(r.line_grants, r.line_amounts, r.line_charged)
                                 AS l(grant_id, amount, charged)) l
        WHERE r.reserved <> l.amount OR r.charged <> l.charged OR NOT l.fits OR NOT l.known
           OR r.refunded <> CASE WHEN r.state = 'held' THEN 0 ELSE r.reserved - r.charged END
        """,
    ),
    _Check(
        "reservations_settled_once",
        "the journal reserved each reservation once and settled it at most once",
        "SELECT count(*) FROM reservations",
        """
        SELECT r.reservation_id FROM reservations r
        LEFT JOIN (SELECT reservation_id,
                          count(DISTINCT transaction_id) FILTER (WHERE kind = 'reserve') AS reserves,
                          count(DISTINCT transaction_id) FILTER (WHERE kind = 'charge') AS charges,
                          count(DISTINCT transaction_id) FILTER (WHERE kind = 'refund') AS refunds,
                          sum(held) AS held, sum(revenue) AS revenue
                   FROM entries WHERE reservation_id IS NOT NULL GROUP BY reservation_id) e
               USING (reservation_id)
        WHERE coalesce(e.reserves, 0) <> 1 OR e.charges > 1 OR e.refunds > 1
           OR (r.state = 'held' AND (e.charges + e.refunds <> 0 OR e.held <> r.reserved))
           OR (r.state = 'charged' AND (e.charges <> 1 OR e.refunds <> 0))
           OR (r.state = 'refunded' AND e.refunds <> 1)
           OR (r.state <> 'held' AND e.held <> 0) OR e.revenue <> r.charged
        """,
    ),
    _Check(
        "payments_granted_once",
        "each payment is one grant of the credits that the journal booked",
        "SELECT count(*) FROM lots WHERE payment_id IS NOT NULL",
        """
        SELECT payment_id FROM (
            SELECT payment_id FROM lots WHERE payment_id IS NOT NULL
            GROUP BY payment_id HAVING count(*) > 1
            UNION
            SELECT payment_id FROM entries WHERE payment_id IS NOT NULL AND kind = 'grant'
            GROUP BY payment_id HAVING count(*) > 1) twice
        """,
    ),
    _Check(
        "clawbacks_match_the_journal",
        "what is taken back for each payment is what its causes take together, and what the journal booked",
        "SELECT count(*) FROM clawbacks",
        """
        SELECT payment_id FROM clawbacks c
        LEFT JOIN (SELECT payment_id, sum(world) AS taken FROM entries
                   WHERE payment_id IS NOT NULL AND kind = 'clawback' GROUP BY payment_id) e
             USING (payment_id)
        LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM lots
                   WHERE payment_id IS NOT NULL GROUP BY payment_id) l USING (payment_id)
        WHERE c.taken <> coalesce(e.taken, 0) OR c.granted <> coalesce(l.amount, 0)
           OR c.taken <> least(c.granted, (SELECT coalesce(sum(value::bigint), 0)
                                           FROM jsonb_each_text(c.targets)
                                           WHERE NOT c.reinstated @> to_jsonb(key)))
        UNION ALL
        SELECT account_id FROM accounts WHERE debt > 0 AND available > 0
        UNION ALL
        SELECT DISTINCT e.payment_id FROM entries e LEFT JOIN clawbacks c USING (payment_id)
        WHERE e.payment_id IS NOT NULL AND e.kind = 'clawback' AND c.payment_id IS NULL
        """,
    ),
    _Check(
        "budgets_match_reservations",
        "what is used of each budget is what its reservations still count",
        "SELECT count(*) FROM budgets",
        """
        SELECT coalesce(b.account_id, u.account_id) || ' ' || scope FROM budgets b
        FULL JOIN (SELECT r.account_id, k.scope, k.period, k.starts_on, sum(r.reserved - r.refunded) AS used
                   FROM reservations r
                   CROSS JOIN LATERAL jsonb_to_recordset(r.budgets)
                        AS k(scope text, period text, starts_on date)
                   GROUP BY r.account_id, k.scope, k.period, k.starts_on) u
             USING (account_id, scope, period, starts_on)
        WHERE coalesce(b.used, 0) <> coalesce(u.used, 0)
        """,
    ),
    _Check(
        "requests_decided_once",
        "each request that made something left it in the journal, and refusals left nothing",
        "SELECT count(*) FROM requests",
        """
        SELECT request_id FROM requests r WHERE refusal_reason IS NOT NULL
           AND EXISTS (SELECT 1 FROM entries e
                       WHERE e.account_id = r.account_id AND e.request_id = r.request_id)
        UNION ALL
        SELECT r.request_id FROM requests r WHERE command IN ('GrantCredits', 'ReserveCredits')
           AND refusal_reason IS NULL
           AND NOT EXISTS (SELECT 1 FROM entries e
                           WHERE e.account_id = r.account_id AND e.request_id = r.request_id)
        UNION ALL
        SELECT request_id FROM entries WHERE request_id IS NOT NULL
        GROUP BY request_id HAVING min(transaction_id) <> max(transaction_id)
        UNION ALL
        SELECT e.request_id FROM entries e LEFT JOIN requests r USING (request_id)
        WHERE e.request_id IS NOT NULL AND r.request_id IS NULL
        """,
    ),
)


class PostgresInvariants:
    """Runs the checks in one read-only snapshot; the database does the counting, so memory stays small."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def check(self) -> AsyncIterator[InvariantResult]:
        """Yield one result an invariant."""
        async with self._engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ")
            await connection.execute(text("SET TRANSACTION READ ONLY"))
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(
                text("SELECT set_config('app.account', :account, true)"), {"account": SYSTEM_SCOPE}
            )
            # They join whole tables. With old statistics the planner may take a table for small and look it
            # up row by row instead, which takes minutes where hashing takes a second.
            await connection.execute(text("SET LOCAL enable_nestloop = off"))
            for check in CHECKS:
                checked = await connection.scalar(text(check.counted))
                found = await connection.execute(
                    text(
                        f"SELECT offender, count(*) OVER () AS total "  # noqa: S608 - our own constants
                        f"FROM ({check.offenders}) AS broken(offender) LIMIT {EXAMPLES_MAX}"
                    )
                )
                offenders = found.all()
                yield InvariantResult(
                    invariant=check.invariant,
                    description=check.description,
                    checked=int(checked or 0),
                    violations=int(offenders[0].total) if offenders else 0,
                    examples=tuple(str(row.offender) for row in offenders),
                )
            await connection.execute(text("SET LOCAL enable_nestloop = on"))
            yield await chain_holds(connection)
            await connection.rollback()
