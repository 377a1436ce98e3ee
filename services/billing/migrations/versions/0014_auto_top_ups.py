"""Packs that are bought by themselves: who asked for it, and what was bought."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0014"
down_revision = "0013"

TABLES = """
CREATE TABLE auto_top_ups (
    user_id text PRIMARY KEY,
    threshold_credits bigint NOT NULL CHECK (threshold_credits > 0),
    pack_id text NOT NULL,
    purchases_max integer NOT NULL CHECK (purchases_max > 0),
    status text NOT NULL CHECK (status IN ('off', 'active', 'paused_by_failure', 'needs_authentication')),
    reason text,
    refusals integer NOT NULL CHECK (refusals >= 0),
    -- The newest balance that was heard of, and its place among the account's.
    available bigint,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    in_flight text REFERENCES checkouts,
    is_paid boolean NOT NULL CHECK (in_flight IS NOT NULL OR NOT is_paid),
    authenticates text REFERENCES checkouts,
    due_at timestamptz
);
CREATE INDEX auto_top_ups_due ON auto_top_ups (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE top_ups (
    checkout_id text PRIMARY KEY REFERENCES checkouts,
    user_id text NOT NULL,
    customer_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'paid', 'refused')),
    created_at timestamptz NOT NULL
);
CREATE INDEX top_ups_user ON top_ups (user_id, created_at);
-- One in flight, whatever the code believes.
CREATE UNIQUE INDEX top_ups_open ON top_ups (user_id) WHERE state = 'open';
"""
USER_OWNED = {
    "auto_top_ups": "SELECT, INSERT, UPDATE (threshold_credits, pack_id, purchases_max, status, reason, "
    "refusals, available, sequence, in_flight, is_paid, authenticates, due_at)",
    "top_ups": "SELECT, INSERT, UPDATE (state)",
}


def upgrade() -> None:
    """Add the tables, each user behind row level security, and the role's rights."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    for table, privileges in USER_OWNED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (user_id, '*'))"
        )
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
