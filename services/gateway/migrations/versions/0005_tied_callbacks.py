"""Which generation the webhook of one request is about."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; it is set once the generation is there."""
    role = Identifier(os.environ.get("GATEWAY_SERVICE_ROLE", "gateway_service")).as_string()
    op.execute("ALTER TABLE webhook_callbacks ADD COLUMN generation_id text")
    op.execute("CREATE INDEX webhook_callbacks_by_generation ON webhook_callbacks (generation_id)")
    op.execute(f"GRANT UPDATE (generation_id) ON webhook_callbacks TO {role}")
