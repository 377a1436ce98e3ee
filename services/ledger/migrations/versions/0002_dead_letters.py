"""Events that were given up, with the message itself."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table and let the service's role add to it."""
    op.execute(
        """
        CREATE TABLE dead_letters (
            event_id text PRIMARY KEY,
            ce_type text NOT NULL,
            subject text NOT NULL,
            headers jsonb NOT NULL,
            payload bytea NOT NULL,
            deliveries integer NOT NULL,
            error text NOT NULL,
            given_up_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    role = Identifier(os.environ.get("LEDGER_SERVICE_ROLE", "ledger_service")).as_string()
    op.execute(f"GRANT SELECT, INSERT ON dead_letters TO {role}")
