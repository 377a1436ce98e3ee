"""Jobs of yesterday: a stack that has run for long keeps many, and today's must not be slower for it."""

import psycopg

from bench.path.stack import BenchStack

ACCOUNTS = 1_000
BATCH = 50_000
COLUMNS = (
    "generation_id, account_id, model_id, modality, status, input, provider_order, metadata, price_credits,"
    " price_units, price_breakdown, idempotency_key, fingerprint, progress, credits_charged,"
    " cancel_requested, created_at, deadline_at, finished_at, is_favourite, search_text"
)
# Other people's, ended without a charge: the books need no entries for them.
ROWS = f"""
    COPY (
        SELECT 'gen_' || md5('stored' || n), 'usr_stored' || n %% {ACCOUNTS}, 'openai/chat', 'text', 'failed',
            jsonb_build_object('prompt', 'a fox crossing fresh snow, number ' || n, 'max_tokens', 32),
            '{{openai}}'::text[], '{{}}'::jsonb, 1, 1000, '', 'k' || n, 'f', 0, 0, false,
            now() - make_interval(secs => n), now(), now(), false, 'a fox crossing fresh snow, number ' || n
        FROM generate_series(%s::int, %s::int) AS n
    ) TO STDOUT
"""


def fill(stack: BenchStack, *, jobs: int) -> None:
    """Copy so many ended jobs into the generation service's database, and have it know its tables."""
    dsn = stack.admin_dsn("tintype_generation")
    with psycopg.connect(dsn, autocommit=True) as reading, psycopg.connect(dsn, autocommit=True) as writing:
        for first in range(1, jobs + 1, BATCH):
            last = min(jobs, first + BATCH - 1)
            with (
                reading.cursor().copy(ROWS, (first, last)) as rows,
                writing.cursor().copy(f"COPY generations ({COLUMNS}) FROM STDIN") as table,
            ):
                for block in rows:
                    table.write(block)
        writing.execute("VACUUM ANALYZE generations")
