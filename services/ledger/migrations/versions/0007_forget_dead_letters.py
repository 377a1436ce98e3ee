"""Facts about a person who is gone, which could not be handled, may name them: they are deleted."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Let the service's role delete what it keeps of facts that it could not handle."""
    role = Identifier(os.environ.get("LEDGER_SERVICE_ROLE", "ledger_service")).as_string()
    op.execute(f"GRANT DELETE ON dead_letters TO {role}")
