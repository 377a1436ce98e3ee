"""Where a job stands that waits at its provider's."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add it, and let the service's role set it."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute("ALTER TABLE generations ADD COLUMN provider_place bigint CHECK (provider_place > 0)")
    op.execute(f"GRANT UPDATE (provider_place) ON generations TO {role}")
