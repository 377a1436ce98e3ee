"""The inbox can be pruned: what can't be delivered again need not be remembered."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Let the service's role forget rows, and find the old ones."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(f"GRANT DELETE ON inbox TO {role}")
    # Rows are written in the order of their time, which is all that such an index needs.
    op.execute("CREATE INDEX inbox_received_at ON inbox USING brin (received_at)")
