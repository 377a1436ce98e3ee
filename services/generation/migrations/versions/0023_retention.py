"""Until when what was made is kept, and when it went."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0023"
down_revision = "0022"

CHANGES = """
ALTER TABLE generations
    ADD COLUMN outputs_kept_until timestamptz,
    ADD COLUMN outputs_expired_at timestamptz,
    ADD CONSTRAINT generations_outputs_expire_in_time CHECK (outputs_expired_at >= outputs_kept_until);
ALTER TABLE outputs ADD COLUMN expired_at timestamptz;
CREATE INDEX generations_expiring ON generations (generation_id)
    WHERE outputs_kept_until IS NOT NULL AND outputs_expired_at IS NULL;
"""


def upgrade() -> None:
    """Add them, and let the service's role set them: what is there already is kept for good."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(CHANGES)
    op.execute(f"GRANT UPDATE (outputs_kept_until, outputs_expired_at) ON generations TO {role}")
    op.execute(f"GRANT UPDATE (expired_at) ON outputs TO {role}")
