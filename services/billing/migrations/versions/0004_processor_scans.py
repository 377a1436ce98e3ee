"""How far the processor's lists of refunds and disputes were read."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0004"
down_revision = "0003"

TABLE = """
CREATE TABLE processor_scans (
    name text PRIMARY KEY,
    -- The list was read completely down to here when it was begun last.
    since timestamptz NOT NULL,
    -- Since when one is going on, and the object that it goes on after.
    begun_at timestamptz,
    after text
);
"""


def upgrade() -> None:
    """Add the table and let the service's role use it."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLE)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON processor_scans TO {role}")
