"""Dead letters can be replayed: how often that was tried, and when it worked. The inbox can be pruned."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns and let the service's role write what became of a letter, and nothing else of it."""
    op.execute(
        "ALTER TABLE dead_letters ADD COLUMN attempts integer NOT NULL DEFAULT 0, "
        "ADD COLUMN replayed_at timestamptz"
    )
    role = Identifier(os.environ.get("LEDGER_SERVICE_ROLE", "ledger_service")).as_string()
    op.execute(f"GRANT UPDATE (attempts, replayed_at, error, deliveries) ON dead_letters TO {role}")
    op.execute(f"GRANT DELETE ON inbox TO {role}")
    # Rows are written in the order of their time, which is all that such an index needs.
    op.execute("CREATE INDEX inbox_received_at ON inbox USING brin (received_at)")
