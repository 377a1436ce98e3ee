"""A finished job can be shared by links, of whose tokens hashes alone are kept."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0011"
down_revision = "0010"

TABLE = """
CREATE TABLE shares (
    share_id text PRIMARY KEY,
    generation_id text NOT NULL REFERENCES generations,
    account_id text NOT NULL,
    token_hash text NOT NULL UNIQUE CHECK (char_length(token_hash) = 64),
    shows_prompt boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX shares_by_generation ON shares (generation_id);
ALTER TABLE shares ENABLE ROW LEVEL SECURITY;
ALTER TABLE shares FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON shares USING (current_setting('app.account', true) IN (account_id, '*'));
"""


def upgrade() -> None:
    """Add the table and let the service's role use it; nothing about a link ever changes."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(TABLE)
    op.execute(f"GRANT SELECT, INSERT, DELETE ON shares TO {role}")
