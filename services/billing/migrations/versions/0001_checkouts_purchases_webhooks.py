"""Customers, checkouts, purchases and received webhooks, each user behind row level security."""

import os

from alembic import op
from chassis.outbox import OUTBOX_DDL
from psycopg.sql import Identifier

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE customers (
    user_id text PRIMARY KEY,
    customer_id text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE checkouts (
    checkout_id text PRIMARY KEY,
    user_id text NOT NULL,
    idempotency_key text NOT NULL,
    pack_id text NOT NULL,
    pack_title text NOT NULL,
    credits bigint NOT NULL CHECK (credits > 0),
    price_minor bigint NOT NULL CHECK (price_minor > 0),
    currency text NOT NULL,
    session_id text UNIQUE,
    url text NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
    purchase_id text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    UNIQUE (user_id, idempotency_key),
    CHECK (purchase_id IS NULL OR status = 'complete')
);
CREATE INDEX checkouts_unsettled ON checkouts (created_at) WHERE purchase_id IS NULL AND status <> 'expired';

CREATE TABLE purchases (
    purchase_id text PRIMARY KEY,
    user_id text NOT NULL,
    checkout_id text NOT NULL UNIQUE REFERENCES checkouts,
    pack_id text NOT NULL,
    pack_title text NOT NULL,
    credits bigint NOT NULL CHECK (credits > 0),
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency text NOT NULL,
    -- One payment object is one purchase, whatever the code believes.
    payment_id text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE INDEX purchases_user ON purchases (user_id, purchase_id);

CREATE TABLE webhook_events (
    event_id text PRIMARY KEY,
    kind text NOT NULL,
    session_id text,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'ignored', 'parked')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    finished_at timestamptz,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX webhook_events_due ON webhook_events (due_at) WHERE state = 'waiting';
"""

USER_OWNED = {
    "customers": "SELECT, INSERT",
    "checkouts": "SELECT, INSERT, UPDATE (session_id, url, status, purchase_id, expires_at)",
    "purchases": "SELECT, INSERT",
}


def upgrade() -> None:
    """Create the schema and let the service's role use it."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    op.execute(OUTBOX_DDL)
    for table, privileges in USER_OWNED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (user_id, '*'))"
        )
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (state, attempts, due_at, finished_at, error) "
        f"ON webhook_events TO {role}"
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE ON outbox TO {role}")
