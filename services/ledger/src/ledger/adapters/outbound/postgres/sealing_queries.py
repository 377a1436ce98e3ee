"""What the sealer asks of PostgreSQL."""

from sqlalchemy import text

from ledger.adapters.outbound.postgres.journal_lines import LINE_COLUMNS

# Each query here takes the first few rows of an index, but behind row level security the planner expects few
# rows in all, and would read the whole backlog, or a whole account, to sort it.
LOCK = text(
    """
    SELECT pg_try_advisory_xact_lock(:lock) FROM (
        SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
               set_config('enable_seqscan', 'off', true) OFFSET 0) settings
    """
)
POSITION = text(
    """
    SELECT seal_id, hash, CAST(CAST(horizon AS text) AS bigint) AS horizon,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS decided
    FROM (SELECT 1) one LEFT JOIN (SELECT * FROM seals ORDER BY seal_id DESC LIMIT 1) last ON true
    """
)
AGE = text(
    """
    SELECT extract(epoch FROM clock_timestamp() - e.created_at) FROM entries e
    WHERE e.xid >= CAST(CAST(:start AS text) AS xid8) AND NOT EXISTS (
        SELECT 1 FROM sealed_entries s WHERE s.account_id = e.account_id AND s.sequence = e.sequence)
    ORDER BY e.xid LIMIT 1
    """
)
# The next few accounts that have entries. Each step is one look into the index.
WALK = text(
    """
    WITH RECURSIVE walked (account_id, steps) AS (
        (SELECT account_id, 1 FROM entries WHERE account_id > :after ORDER BY account_id LIMIT 1)
        UNION ALL
        SELECT next.account_id, steps + 1 FROM walked CROSS JOIN LATERAL (
            SELECT account_id FROM entries WHERE entries.account_id > walked.account_id
            ORDER BY account_id LIMIT 1) next
        WHERE steps < :accounts)
    SELECT array_agg(account_id ORDER BY steps) FROM walked
    """
)
# The first transaction of what waits, and the first that is too many for one round.
BOUNDS = text(
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
# `dirty`: accounts, and how far their chains may grow.
_UNSEALED_OF = """
    WITH dirty AS MATERIALIZED ({dirty}),
    -- Materialized: behind row level security a condition with an expression in it is none for an index.
    heads AS MATERIALIZED (
        SELECT dirty.account_id, dirty.last, coalesce(head.sequence, 0) AS sealed, head.hash
        FROM dirty LEFT JOIN LATERAL (
            SELECT s.sequence, s.hash FROM sealed_entries s WHERE s.account_id = dirty.account_id
            ORDER BY s.sequence DESC LIMIT 1) head ON true)
    SELECT heads.sealed, heads.hash, {columns}
    FROM heads CROSS JOIN LATERAL (
        SELECT *, row_number() OVER (ORDER BY sequence) AS place FROM entries
        WHERE account_id = heads.account_id AND sequence > heads.sealed AND sequence <= heads.last
        ORDER BY sequence LIMIT :most) e
    -- A chain ends before a gap; Verify names the gap.
    WHERE e.sequence = heads.sealed + e.place
    ORDER BY e.account_id COLLATE "C", e.sequence LIMIT :most
"""
UNSEALED = text(
    _UNSEALED_OF.format(
        columns=LINE_COLUMNS,
        dirty="""
        SELECT account_id, max(sequence) AS last FROM entries
        WHERE xid >= CAST(CAST(:start AS text) AS xid8) AND xid < CAST(CAST(:stop AS text) AS xid8)
        GROUP BY account_id""",
    )
)
# What is visible is committed, and whatever is before it in its account is too: there is no need to ask which
# transactions are decided.
UNSEALED_OF_WALKED = text(
    _UNSEALED_OF.format(
        columns=LINE_COLUMNS,
        dirty="""
        SELECT account_id, CAST(9223372036854775807 AS bigint) AS last
        FROM unnest(CAST(:accounts AS text[])) AS walked (account_id)""",
    )
)
# The hashes come as one string of bytes, chain after chain: an array of them is slow to send.
STORE = text(
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
