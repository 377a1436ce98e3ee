"""Files that users send straight to the store, before anybody has looked at them."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0024"
down_revision = "0023"

CHANGES = """
CREATE TABLE awaited_uploads (
    upload_id text PRIMARY KEY,
    account_id text NOT NULL,
    object_key text NOT NULL UNIQUE,
    size_bytes_max bigint NOT NULL CHECK (size_bytes_max > 0),
    idempotency_key text NOT NULL CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    is_completed boolean NOT NULL,
    refusal text,
    refusal_detail text,
    UNIQUE (account_id, idempotency_key)
);
CREATE INDEX awaited_uploads_by_age ON awaited_uploads (created_at);
ALTER TABLE awaited_uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE awaited_uploads FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON awaited_uploads USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = current_setting('app.account', true) END
);
"""


def upgrade() -> None:
    """Add the table; of what is awaited only what became of it changes."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(CHANGES)
    op.execute(f"GRANT SELECT, INSERT, DELETE ON awaited_uploads TO {role}")
    op.execute(f"GRANT UPDATE (is_completed, refusal, refusal_detail) ON awaited_uploads TO {role}")
