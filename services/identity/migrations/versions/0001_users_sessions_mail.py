"""Users, sessions, mailed tokens, outgoing mail and the outbox, each account behind row level security."""

import os

from alembic import op
from chassis.outbox import OUTBOX_DDL
from psycopg.sql import Identifier

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE users (
    user_id text PRIMARY KEY,
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 320),
    password_hash text,
    full_name text NOT NULL CHECK (char_length(full_name) <= 200),
    avatar_url text NOT NULL CHECK (avatar_url = '' OR avatar_url LIKE 'https://%'),
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    email_verified_at timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE sessions (
    session_id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN ('logged_out', 'token_reused', 'password_reset')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_open_by_user ON sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE refresh_tokens (
    token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    session_id text NOT NULL REFERENCES sessions,
    user_id text NOT NULL REFERENCES users,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
-- A session has one token that is good, whatever the code believes.
CREATE UNIQUE INDEX refresh_tokens_unused_by_session ON refresh_tokens (session_id) WHERE used_at IS NULL;

CREATE TABLE mail_tokens (
    token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    user_id text NOT NULL REFERENCES users,
    purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX mail_tokens_open_by_user ON mail_tokens (user_id, purpose) WHERE used_at IS NULL;

CREATE TABLE outgoing_mail (
    mail_id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    recipient text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    token text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'skipped', 'abandoned')),
    finished_at timestamptz,
    CHECK ((state = 'queued') = (finished_at IS NULL)),
    -- The secret is kept no longer than it takes to send it.
    CHECK (state = 'queued' OR token = '')
);
CREATE INDEX outgoing_mail_due ON outgoing_mail (due_at) WHERE state = 'queued';
"""

# What the service may do; columns that no use case changes can't be changed at all, and nothing is deleted.
GRANTS = {
    "users": "SELECT, INSERT, UPDATE (password_hash, full_name, avatar_url, email_verified_at)",
    "sessions": "SELECT, INSERT, UPDATE (ended_at, end_reason)",
    "refresh_tokens": "SELECT, INSERT, UPDATE (used_at)",
    "mail_tokens": "SELECT, INSERT, UPDATE (used_at)",
    "outgoing_mail": "SELECT, INSERT, UPDATE (token, attempts, due_at, state, finished_at)",
}


def upgrade() -> None:
    """Create the schema and let the service's role use it."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(TABLES)
    for table, privileges in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (user_id, '*'))"
        )
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
    op.execute(OUTBOX_DDL)
    op.execute(f"GRANT SELECT, INSERT, DELETE ON outbox TO {role}")
