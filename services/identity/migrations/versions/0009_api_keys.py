"""API keys, of which a digest is kept."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0009"
down_revision = "0008"

SCHEMA = """
CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    idempotency_key text NOT NULL,
    key_digest bytea NOT NULL UNIQUE CHECK (octet_length(key_digest) = 32),
    hint text NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    model_ids text[] NOT NULL,
    expires_at timestamptz,
    monthly_credits_max bigint CHECK (monthly_credits_max BETWEEN 1 AND 1000000000),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    UNIQUE (user_id, idempotency_key)
);
CREATE INDEX api_keys_unrevoked_by_user ON api_keys (user_id, created_at) WHERE revoked_at IS NULL;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON api_keys USING (current_setting('app.account', true) IN (user_id, '*'));
"""


def upgrade() -> None:
    """Create the table; what a key may do can't be changed, nor can a key be deleted."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, UPDATE (last_used_at, revoked_at) ON api_keys TO {role}")
