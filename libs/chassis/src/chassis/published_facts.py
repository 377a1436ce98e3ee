"""Facts that were published: kept for a while, so that they can be told again to a broker that lost them."""

import re
import time
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.events import TOLD_AGAIN
from chassis.nats import STREAM_MAX_AGE_S
from chassis.outbox import WAKE
from chassis.process import forever, raise_if_cancelled

# In order of publishing, which is each account's own order too: facts of one transaction by their ids.
PUBLISHED_FACTS_DDL = """
CREATE TABLE published_facts (
    id bigint PRIMARY KEY,
    subject text NOT NULL,
    ce_id text NOT NULL,
    ce_type text NOT NULL,
    ce_source text NOT NULL,
    ce_time timestamptz NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX published_facts_by_time ON published_facts (published_at, id);
"""
# What the service's role may do: nobody rewrites what was told.
PUBLISHED_FACTS_PRIVILEGES = "SELECT, INSERT, DELETE"

# As long as the streams keep theirs. Told again on the last day and read on the last day of a stream, a fact
# still meets the inbox row of its first delivery (inbox.KEPT_DAYS).
KEPT_DAYS = STREAM_MAX_AGE_S // (24 * 3600)
PAGE_ROWS = 5_000
_PRUNE_EVERY_S = 600.0
_PRUNE_LOCK = 7_305_202_601

_COLUMNS = "id, subject, ce_id, ce_type, ce_source, ce_time, headers, payload"

# What was published, out of the outbox into what is kept. What was told again stays as it was first told: its
# time says when it may be forgotten. One array: thousands of parameters would take longer to read than the
# rows to move.
MOVE_PUBLISHED = f"""
    WITH published AS (
        DELETE FROM outbox WHERE id = ANY(%(ids)s::bigint[]) RETURNING {_COLUMNS}
    )
    INSERT INTO published_facts ({_COLUMNS}) SELECT {_COLUMNS} FROM published ON CONFLICT (id) DO NOTHING
"""  # noqa: S608 - our own constants
# Under their own places in the outbox, so that the relay tells them before what the account has waiting. What
# waits there already, held or told again a moment ago, stays as it is.
_REPUBLISH = text(
    f"""
    WITH page AS MATERIALIZED (
        SELECT {_COLUMNS}, published_at FROM published_facts
         WHERE (published_at, id) > (:after, :after_id) AND published_at < :until AND subject ~ :pattern
         ORDER BY published_at, id LIMIT {PAGE_ROWS}
    ), again AS (
        INSERT INTO outbox ({_COLUMNS}) OVERRIDING SYSTEM VALUE
        SELECT id, subject, ce_id, ce_type, ce_source, ce_time,
               headers || jsonb_build_object('{TOLD_AGAIN}', CAST(:telling AS text)), payload
          FROM page
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT published_at, id, (SELECT count(*) FROM page) AS found, (SELECT count(*) FROM again) AS again
      FROM page ORDER BY published_at DESC, id DESC LIMIT 1
    """  # noqa: S608 - the same
)
_PRUNE = text(
    f"""
    DELETE FROM published_facts WHERE id IN (
        SELECT id FROM published_facts WHERE published_at < now() - interval '{KEPT_DAYS} days'
         ORDER BY published_at, id LIMIT {PAGE_ROWS}
    )
    """  # noqa: S608 - the same
)


class PublishedFacts:
    """What one service has published within `KEPT_DAYS`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def republish(self, *, since: datetime, until: datetime, subjects: str = ">") -> int:
        """Have the relay publish again what was published from `since` until before `until`; return how many.

        Facts keep their ids, so whoever handled one does nothing the second time. `subjects` is a pattern as
        NATS has them. What waits in the outbox anyway does not count.
        """
        place = {"after": since, "after_id": 0}
        wanted = {"until": until, "pattern": _pattern(subjects), "telling": str(time.time_ns())}
        republished: int = 0
        while True:
            async with self._engine.begin() as connection:
                page = (await connection.execute(_REPUBLISH, place | wanted)).first()
                await connection.execute(WAKE)
            if page is None:
                return republished
            republished += int(page.again)
            if page.found < PAGE_ROWS:
                return republished
            place = {"after": page.published_at, "after_id": page.id}

    async def prune(self) -> int:
        """Forget what was published longer ago, a bounded number a transaction; return how many."""
        pruned = 0
        while True:
            raise_if_cancelled()
            async with self._engine.begin() as connection:
                # Several relays would take each other's rows.
                lock = text(f"SELECT pg_try_advisory_xact_lock({_PRUNE_LOCK})")
                if not await connection.scalar(lock):
                    return pruned
                rows = (await connection.execute(_PRUNE)).rowcount
            pruned += rows
            if rows < PAGE_ROWS:
                return pruned

    async def run(self) -> None:
        """Prune now and then until cancelled, whatever fails meanwhile."""
        await forever(self.prune, every_s=_PRUNE_EVERY_S, name="prune published facts")


def oldest_kept(now: datetime) -> datetime:
    """Return since when published facts are kept."""
    return now - timedelta(days=KEPT_DAYS)


def _pattern(subjects: str) -> str:
    """Return a NATS pattern as a regular expression: `*` is one word, `>` at the end all that follow."""
    words = subjects.split(".")
    rest = words.pop() if words[-1] == ">" else None
    expressions = ["[^.]+" if word == "*" else re.escape(word) for word in words]
    return "^" + "[.]".join([*expressions, *([".+"] if rest else [])]) + "$"
