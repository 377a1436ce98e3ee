"""Jobs can be put together under names."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0014"
down_revision = "0013"

TABLES = """
CREATE TABLE collections (
    collection_id text PRIMARY KEY,
    account_id text NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
    -- The same for names that differ by case alone: PostgreSQL folds no case as the service does.
    name_key text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (account_id, name_key)
);
CREATE TABLE collected (
    collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
    generation_id text NOT NULL REFERENCES generations,
    account_id text NOT NULL,
    -- Read backwards, a collection's newest jobs first.
    PRIMARY KEY (collection_id, generation_id)
);
CREATE INDEX collected_by_generation ON collected (generation_id, collection_id);
"""
POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON {table} USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = current_setting('app.account', true) END
);
"""


def upgrade() -> None:
    """Add the tables and let the service's role use them; of a collection its name alone changes."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(TABLES)
    for table in ("collections", "collected"):
        op.execute(POLICY.format(table=table))
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO {role}")
    op.execute(f"GRANT UPDATE (name, name_key) ON collections TO {role}")
