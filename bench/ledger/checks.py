"""A figure counts only when the work was right: what the journal must show after a case."""

from dataclasses import dataclass

import psycopg
from embedded.testing import ServiceDatabase

# Each query returns one number, which has to be 0.
_BROKEN = {
    "every entry sums to zero": """
        SELECT count(*) FROM entries
        WHERE available + held + world + revenue + breakage + debt + adjustment <> 0
    """,
    "each balance equals the replay of its journal": """
        SELECT count(*) FROM accounts a
        JOIN (SELECT account_id, sum(available) AS available, sum(held) AS held, -sum(debt) AS debt,
                     max(sequence) AS sequence, count(*) AS entries
              FROM entries GROUP BY account_id) j USING (account_id)
        WHERE (a.available, a.held, a.debt, a.sequence) <> (j.available, j.held, j.debt, j.sequence)
           OR j.entries <> j.sequence
    """,
    "each balance equals what its lots hold": """
        SELECT count(*) FROM accounts a
        JOIN (SELECT account_id, sum(remaining) AS remaining, sum(held) AS held FROM lots
              GROUP BY account_id) l USING (account_id)
        WHERE (a.available, a.held) <> (l.remaining, l.held)
    """,
    "held credits are those of open reservations": """
        SELECT count(*) FROM accounts a
        LEFT JOIN (SELECT account_id, sum(reserved) AS reserved FROM reservations WHERE state = 'held'
                   GROUP BY account_id) r USING (account_id)
        WHERE a.held <> coalesce(r.reserved, 0)
    """,
}


class WrongWork(Exception):
    """The ledger acknowledged what its tables do not show."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """How many rows there are of what each command leaves exactly once."""

    requests: int
    facts: int


def written(database: ServiceDatabase) -> Written:
    """Count requests and facts."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        row = admin.execute(
            "SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM outbox)"
        ).fetchone()
    if row is None:
        raise WrongWork("the database does not answer")
    return Written(requests=row[0], facts=row[1])


def require_right(database: ServiceDatabase, *, before: Written, commands: int) -> None:
    """Raise WrongWork unless each command left its request and its fact, and the books are right."""
    after = written(database)
    made = (after.requests - before.requests, after.facts - before.facts)
    if made != (commands, commands):
        raise WrongWork(f"{commands} commands acknowledged, {made[0]} requests and {made[1]} facts written")
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        for rule, query in _BROKEN.items():
            row = admin.execute(query).fetchone()
            if row is None or row[0]:
                raise WrongWork(f"broken: {rule} ({row})")
