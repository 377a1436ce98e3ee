"""Users send pictures in; jobs remember which of them, and of their outputs, they are made from."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0015"
down_revision = "0014"

TABLES = """
CREATE TABLE uploads (
    upload_id text PRIMARY KEY,
    account_id text NOT NULL,
    object_key text NOT NULL UNIQUE,
    thumbnail_key text UNIQUE,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    width bigint NOT NULL CHECK (width > 0),
    height bigint NOT NULL CHECK (height > 0),
    sha256 text NOT NULL CHECK (char_length(sha256) = 64),
    source_sha256 text NOT NULL CHECK (char_length(source_sha256) = 64),
    blurhash text CHECK (char_length(blurhash) BETWEEN 6 AND 100),
    idempotency_key text NOT NULL CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    UNIQUE (account_id, idempotency_key)
);
CREATE INDEX uploads_by_account ON uploads (account_id, upload_id);
CREATE INDEX uploads_by_age ON uploads (coalesce(used_at, created_at));
CREATE TABLE used_media (
    generation_id text NOT NULL REFERENCES generations,
    media_id text NOT NULL,
    account_id text NOT NULL,
    object_key text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    PRIMARY KEY (generation_id, media_id)
);
CREATE INDEX used_media_by_id ON used_media (media_id);
CREATE INDEX used_media_by_key ON used_media (object_key);
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
    """Add the tables and let the service's role use them; of an upload only its last use changes."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(TABLES)
    for table in ("uploads", "used_media"):
        op.execute(POLICY.format(table=table))
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO {role}")
    op.execute(f"GRANT UPDATE (used_at) ON uploads TO {role}")
