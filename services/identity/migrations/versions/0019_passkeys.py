"""Passkeys that open accounts, and challenges that wait for an authenticator's answer."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0019"
down_revision = "0018"

SCHEMA = """
CREATE TABLE passkeys (
    passkey_id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    credential_id bytea NOT NULL CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL CHECK (octet_length(public_key) BETWEEN 1 AND 8192),
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    backed_up boolean NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    copy_seen_at timestamptz,
    -- It sees every account, though row level security hides them from queries.
    CONSTRAINT passkeys_credential_key UNIQUE (credential_id)
);
CREATE INDEX passkeys_by_user ON passkeys (user_id);

CREATE TABLE passkey_ceremonies (
    challenge_digest bytea PRIMARY KEY CHECK (octet_length(challenge_digest) = 32),
    kind text NOT NULL,
    -- Without one it is nobody's until it is answered, and no account sees it.
    user_id text REFERENCES users,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_ceremonies_by_expiry ON passkey_ceremonies (expires_at);
CREATE INDEX passkey_ceremonies_by_user ON passkey_ceremonies (user_id);
"""
GRANTS = {
    # What a credential is never changes; a passkey that is removed is gone.
    "passkeys": ("SELECT, INSERT, DELETE, UPDATE (name, sign_count, backed_up, last_used_at, copy_seen_at)"),
    # Whoever takes a challenge deletes it, so that of two answers one is heard.
    "passkey_ceremonies": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    """Create the tables and let the service's role use them."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    for table, privileges in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (user_id, '*'))"
        )
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
