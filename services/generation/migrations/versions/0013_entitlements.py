"""A copy of what each account's plan opens, as billing told it last."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0013"
down_revision = "0012"

TABLE = """
CREATE TABLE entitlements (
    account_id text PRIMARY KEY,
    words text[] NOT NULL,
    valid_until timestamptz,
    revision bigint NOT NULL CHECK (revision > 0)
);
ALTER TABLE entitlements ENABLE ROW LEVEL SECURITY;
ALTER TABLE entitlements FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON entitlements USING (current_setting('app.account', true) IN (account_id, '*'));
"""


def upgrade() -> None:
    """Add the table and let the service's role keep newer copies."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(TABLE)
    op.execute(f"GRANT SELECT, INSERT, UPDATE (words, valid_until, revision) ON entitlements TO {role}")
