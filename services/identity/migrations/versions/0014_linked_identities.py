"""Identities of other providers that open accounts, those that wait to, and who is on the way to one."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0014"
down_revision = "0013"

SCHEMA = """
CREATE TABLE linked_identities (
    link_id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 500),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    email text,
    linked_at timestamptz NOT NULL,
    -- These see every account, though row level security hides them from queries.
    CONSTRAINT linked_identities_identity_key UNIQUE (issuer, subject),
    CONSTRAINT linked_identities_provider_key UNIQUE (user_id, issuer)
);

CREATE TABLE waiting_links (
    token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    user_id text NOT NULL REFERENCES users,
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 500),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    email text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX waiting_links_by_expiry ON waiting_links (expires_at);

CREATE TABLE sign_in_flows (
    state_digest bytea PRIMARY KEY CHECK (octet_length(state_digest) = 32),
    browser_digest bytea NOT NULL CHECK (octet_length(browser_digest) = 32),
    provider_id text NOT NULL,
    -- Without one it is nobody's until it ends, and no account sees it.
    user_id text REFERENCES users,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sign_in_flows_by_expiry ON sign_in_flows (expires_at);

-- Runs as the owner, and still only inside the caller's row level security scope.
CREATE FUNCTION forget_flows(batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    cutoff constant timestamptz := now() - interval '1 day';
    deleted integer;
    total integer := 0;
BEGIN
    DELETE FROM sign_in_flows WHERE state_digest IN
        (SELECT state_digest FROM sign_in_flows WHERE expires_at < cutoff ORDER BY expires_at LIMIT batch);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
    DELETE FROM waiting_links WHERE token_digest IN
        (SELECT token_digest FROM waiting_links WHERE expires_at < cutoff ORDER BY expires_at LIMIT batch);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN total + deleted;
END
$$;
REVOKE ALL ON FUNCTION forget_flows(integer) FROM PUBLIC;
"""
GRANTS = {
    # A link that is undone is gone: who somebody is elsewhere is kept no longer than it opens something.
    "linked_identities": "SELECT, INSERT, DELETE",
    "waiting_links": "SELECT, INSERT, UPDATE (used_at)",
    "sign_in_flows": "SELECT, INSERT, UPDATE (used_at)",
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
    op.execute(f"GRANT EXECUTE ON FUNCTION forget_flows(integer) TO {role}")
