"""Webhooks that are sent: endpoints, secrets, webhooks of single requests, deliveries, and facts heard."""

import os

from alembic import op
from chassis.dead_letters import DEAD_LETTERS_DDL, DEAD_LETTERS_PRIVILEGES
from chassis.inbox import INBOX_DDL
from psycopg.sql import Identifier

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE webhook_endpoints (
    endpoint_id text PRIMARY KEY,
    account_id text NOT NULL,
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
    description text NOT NULL CHECK (char_length(description) <= 200),
    -- Encrypted by the service; whoever reads the table can sign nothing.
    secret_sealed bytea NOT NULL,
    previous_secret_sealed bytea,
    previous_secret_until timestamptz,
    disabled_reason text CHECK (disabled_reason IN ('owner', 'gone', 'failing')),
    disabled_at timestamptz,
    -- Of one that was disabled by us: until its owner was told.
    owner_told boolean NOT NULL DEFAULT true,
    failing_since timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL)),
    CHECK ((previous_secret_sealed IS NULL) = (previous_secret_until IS NULL))
);
CREATE INDEX webhook_endpoints_by_account ON webhook_endpoints (account_id);
CREATE INDEX webhook_endpoints_untold ON webhook_endpoints (endpoint_id) WHERE NOT owner_told;

CREATE TABLE webhook_account_secrets (
    account_id text PRIMARY KEY,
    secret_sealed bytea NOT NULL,
    previous_secret_sealed bytea,
    previous_secret_until timestamptz,
    CHECK ((previous_secret_sealed IS NULL) = (previous_secret_until IS NULL))
);

CREATE TABLE webhook_callbacks (
    callback_id text PRIMARY KEY,
    account_id text NOT NULL,
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
    created_at timestamptz NOT NULL
);
CREATE INDEX webhook_callbacks_by_account ON webhook_callbacks (account_id);
CREATE INDEX webhook_callbacks_by_age ON webhook_callbacks (created_at);

CREATE TABLE webhook_deliveries (
    delivery_id text PRIMARY KEY,
    account_id text NOT NULL,
    endpoint_id text REFERENCES webhook_endpoints ON DELETE CASCADE,
    callback_id text REFERENCES webhook_callbacks ON DELETE CASCADE,
    -- Whose turn it takes: an endpoint, or the account's webhooks of requests at one host.
    receiver text NOT NULL,
    url text NOT NULL,
    message_id text NOT NULL,
    event_type text NOT NULL,
    payload text NOT NULL CHECK (octet_length(payload) <= 65536),
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    -- While one process tries it, the others leave it alone until then.
    taken_until timestamptz,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    attempted_at timestamptz,
    duration_ms integer,
    status integer,
    error text,
    response text CHECK (char_length(response) <= 1000),
    CHECK ((endpoint_id IS NULL) <> (callback_id IS NULL)),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
-- One message is one delivery to each that wants it.
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries
    (message_id, coalesce(endpoint_id, callback_id));
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint_id, delivery_id);
CREATE INDEX webhook_deliveries_by_account ON webhook_deliveries (account_id);
CREATE INDEX webhook_deliveries_by_callback ON webhook_deliveries (callback_id);
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
"""

GRANTS = {
    "webhook_endpoints": "SELECT, INSERT, DELETE, UPDATE (url, event_types, description, secret_sealed, "
    "previous_secret_sealed, previous_secret_until, disabled_reason, disabled_at, owner_told, failing_since)",
    "webhook_account_secrets": "SELECT, INSERT, DELETE, "
    "UPDATE (secret_sealed, previous_secret_sealed, previous_secret_until)",
    # Whoever locks a row for deleting it needs to be allowed a change of it.
    "webhook_callbacks": "SELECT, INSERT, DELETE, UPDATE (created_at)",
    "webhook_deliveries": "SELECT, INSERT, DELETE, UPDATE (state, attempts, due_at, taken_until, "
    "finished_at, attempted_at, duration_ms, status, error, response)",
}


def upgrade() -> None:
    """Add the tables, each account behind row level security, and let the service's role use them."""
    role = Identifier(os.environ.get("GATEWAY_SERVICE_ROLE", "gateway_service")).as_string()
    op.execute(TABLES)
    for table, granted in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (account_id, '*'))"
        )
        op.execute(f"GRANT {granted} ON {table} TO {role}")
    op.execute(INBOX_DDL)
    op.execute(f"GRANT SELECT, INSERT, DELETE ON inbox TO {role}")
    op.execute("CREATE INDEX inbox_by_age ON inbox (received_at)")
    op.execute(DEAD_LETTERS_DDL)
    op.execute(f"GRANT {DEAD_LETTERS_PRIVILEGES}, DELETE ON dead_letters TO {role}")
