"""Generations, attempts, outputs, deletions, outbox and inbox, each account behind row level security."""

import os

from alembic import op
from chassis.inbox import INBOX_DDL
from chassis.outbox import OUTBOX_DDL
from psycopg.sql import Identifier

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE generations (
    generation_id text PRIMARY KEY,
    account_id text NOT NULL,
    model_id text NOT NULL,
    modality text NOT NULL CHECK (modality IN ('image', 'video', 'text')),
    status text NOT NULL CHECK (status IN
        ('reserving', 'queued', 'processing', 'succeeded', 'failed', 'cancelled', 'rejected')),
    input jsonb NOT NULL,
    provider_order text[] NOT NULL CHECK (cardinality(provider_order) BETWEEN 1 AND 20),
    metadata jsonb NOT NULL,
    price_credits bigint NOT NULL CHECK (price_credits > 0),
    price_units bigint NOT NULL CHECK (price_units > 0),
    price_breakdown text NOT NULL,
    idempotency_key text NOT NULL CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint text NOT NULL,
    progress double precision NOT NULL CHECK (progress BETWEEN 0 AND 1),
    reservation_id text,
    credits_charged bigint NOT NULL CHECK (credits_charged BETWEEN 0 AND price_credits),
    cancel_requested boolean NOT NULL,
    available_credits bigint,
    failure_reason text,
    failure_detail text,
    created_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    deleted_at timestamptz,
    UNIQUE (account_id, idempotency_key),
    CHECK ((finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled', 'rejected'))),
    -- Nothing runs, and nothing is charged, without its reservation.
    CHECK (status NOT IN ('queued', 'processing', 'succeeded') OR reservation_id IS NOT NULL),
    CHECK (credits_charged = 0 OR status = 'succeeded')
);
CREATE INDEX generations_by_account ON generations (account_id, generation_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX generations_open ON generations (status, deadline_at)
    WHERE status IN ('reserving', 'queued', 'processing');

CREATE TABLE attempts (
    attempt_id text PRIMARY KEY,
    generation_id text NOT NULL REFERENCES generations,
    account_id text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    provider text NOT NULL,
    worker text NOT NULL,
    lease_until timestamptz NOT NULL,
    run_id text,
    outcome text NOT NULL CHECK (outcome IN ('running', 'succeeded', 'failed', 'cancelled', 'lost')),
    detail text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    UNIQUE (generation_id, number),
    CHECK ((finished_at IS NULL) = (outcome = 'running'))
);
-- A job has one try at a time, whatever the code believes.
CREATE UNIQUE INDEX attempts_running ON attempts (generation_id) WHERE outcome = 'running';
CREATE INDEX attempts_leased ON attempts (lease_until) WHERE outcome = 'running';

CREATE TABLE outputs (
    output_id text PRIMARY KEY,
    generation_id text NOT NULL REFERENCES generations,
    account_id text NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    object_key text NOT NULL UNIQUE,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    sha256 text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    duration_s double precision NOT NULL,
    UNIQUE (generation_id, position)
);

CREATE TABLE deletions (
    object_key text PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX deletions_due ON deletions (due_at);
"""

# What the service may do; columns that no use case changes can't be changed at all.
GRANTS = {
    "generations": "SELECT, INSERT, UPDATE (status, progress, reservation_id, credits_charged, "
    "cancel_requested, available_credits, failure_reason, failure_detail, deadline_at, started_at, "
    "finished_at, deleted_at)",
    "attempts": "SELECT, INSERT, UPDATE (worker, lease_until, run_id, outcome, detail, finished_at)",
    "outputs": "SELECT, INSERT, DELETE",
}
# Rows that belong to no account, or that only the service itself reads.
PLAIN_GRANTS = {
    "deletions": "SELECT, INSERT, UPDATE (due_at), DELETE",
    "outbox": "SELECT, INSERT, DELETE",
    "inbox": "SELECT, INSERT",
}


def upgrade() -> None:
    """Create the schema and let the service's role use it."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(TABLES)
    op.execute(OUTBOX_DDL)
    op.execute(INBOX_DDL)
    for table in GRANTS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (account_id, '*'))"
        )
    for table, privileges in {**GRANTS, **PLAIN_GRANTS}.items():
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
