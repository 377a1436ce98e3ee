"""Who was invited to open an account."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0015"
down_revision = "0014"

SCHEMA = """
CREATE TABLE invitations (
    -- In small letters.
    email text PRIMARY KEY CHECK (email = lower(email)),
    token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
-- Whoever is invited has no account.
CREATE POLICY no_account ON invitations USING (current_setting('app.account', true) = '*');
"""


def upgrade() -> None:
    """Create the table; an invitation that was used or has expired is gone."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO {role}")
