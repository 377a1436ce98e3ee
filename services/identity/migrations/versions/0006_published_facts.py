"""Facts that were published, kept for as long as a broker that lost them may need them again."""

import os

from alembic import op
from chassis.published_facts import PUBLISHED_FACTS_DDL, PUBLISHED_FACTS_PRIVILEGES
from psycopg.sql import Identifier

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add them, and let the service's role keep and forget them."""
    op.execute(PUBLISHED_FACTS_DDL)
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(f"GRANT {PUBLISHED_FACTS_PRIVILEGES} ON published_facts TO {role}")
