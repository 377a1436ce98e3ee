"""Facts that can't be published: why, and when they are tried again."""

import os

from alembic import op
from chassis.outbox import HELD_FACTS_COLUMNS, HELD_FACTS_DDL
from psycopg.sql import Identifier

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add them, and let the service's role write them."""
    op.execute(HELD_FACTS_DDL)
    role = Identifier(os.environ.get("LEDGER_SERVICE_ROLE", "ledger_service")).as_string()
    op.execute(f"GRANT UPDATE ({HELD_FACTS_COLUMNS}) ON outbox TO {role}")
