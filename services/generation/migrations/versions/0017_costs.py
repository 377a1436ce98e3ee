"""What an attempt cost us, and who says so."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0017"
down_revision = "0016"

CHANGES = """
ALTER TABLE attempts
    ADD COLUMN cost_usd_micros bigint CHECK (cost_usd_micros >= 0),
    ADD COLUMN cost_source text CHECK (cost_source IN ('reported', 'configured')),
    ADD CONSTRAINT attempts_cost_has_a_source CHECK ((cost_usd_micros IS NULL) = (cost_source IS NULL));
"""


def upgrade() -> None:
    """Add the cost, and let the service's role write it down."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(CHANGES)
    op.execute(f"GRANT UPDATE (cost_usd_micros, cost_source) ON attempts TO {role}")
