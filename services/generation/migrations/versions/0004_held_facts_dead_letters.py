"""Facts that can't be published, and events that were given up."""

import os

from alembic import op
from chassis.dead_letters import DEAD_LETTERS_DDL, DEAD_LETTERS_PRIVILEGES
from chassis.outbox import HELD_FACTS_COLUMNS, HELD_FACTS_DDL
from psycopg.sql import Identifier

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them, and let the service's role write them."""
    op.execute(HELD_FACTS_DDL)
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(f"GRANT UPDATE ({HELD_FACTS_COLUMNS}) ON outbox TO {role}")
    op.execute(DEAD_LETTERS_DDL)
    op.execute(f"GRANT {DEAD_LETTERS_PRIVILEGES} ON dead_letters TO {role}")
