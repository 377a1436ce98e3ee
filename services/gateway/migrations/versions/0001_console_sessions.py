"""Sessions of the console."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0001"
down_revision = None

TABLE = """
CREATE TABLE console_sessions (
    cookie_digest bytea PRIMARY KEY CHECK (octet_length(cookie_digest) = 32),
    user_id text NOT NULL,
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    csrf_token text NOT NULL,
    -- Encrypted by the service; whoever reads the table can use neither.
    access_token_sealed bytea NOT NULL,
    access_expires_at timestamptz NOT NULL,
    refresh_token_sealed bytea NOT NULL,
    -- While one request refreshes the tokens, the others leave them alone until then.
    refreshing_until timestamptz,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    CHECK (idle_expires_at <= expires_at)
);
CREATE INDEX console_sessions_by_end ON console_sessions (idle_expires_at);
CREATE INDEX console_sessions_by_user ON console_sessions (user_id);
ALTER TABLE console_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE console_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON console_sessions
    USING (current_setting('app.account', true) IN (user_id, '*'));
"""


def upgrade() -> None:
    """Create the table and let the service's role use it."""
    role = Identifier(os.environ.get("GATEWAY_SERVICE_ROLE", "gateway_service")).as_string()
    op.execute(TABLE)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON console_sessions TO {role}")
