"""Small pictures that people sent in of themselves."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0021"
down_revision = "0020"

SCHEMA = """
CREATE TABLE avatars (
    user_id text PRIMARY KEY REFERENCES users,
    picture bytea NOT NULL CHECK (octet_length(picture) BETWEEN 1 AND 65536),
    version text NOT NULL,
    updated_at timestamptz NOT NULL
);
ALTER TABLE avatars ENABLE ROW LEVEL SECURITY;
ALTER TABLE avatars FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON avatars USING (current_setting('app.account', true) IN (user_id, '*'));
-- Beside the profile, which every page reads: whether there is one, and whether it is another than before.
ALTER TABLE users ADD COLUMN avatar_version text;
"""


def upgrade() -> None:
    """Create the table and let the service's role use it."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, DELETE, UPDATE (picture, version, updated_at) ON avatars TO {role}")
    op.execute(f"GRANT UPDATE (avatar_version) ON users TO {role}")
