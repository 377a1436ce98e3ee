"""A job that was deleted for the time being: its files go when that time is over."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0012"
down_revision = "0011"

CHANGES = """
ALTER TABLE generations
    ADD COLUMN purge_at timestamptz CHECK (purge_at IS NULL OR deleted_at IS NOT NULL);
CREATE INDEX generations_discarded ON generations (purge_at) WHERE purge_at IS NOT NULL;
"""


def upgrade() -> None:
    """Add the time, and let the service's role set it and take it back."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(CHANGES)
    op.execute(f"GRANT UPDATE (purge_at) ON generations TO {role}")
