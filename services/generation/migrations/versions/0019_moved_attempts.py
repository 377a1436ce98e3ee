"""An attempt whose provider should not be asked is another's before anybody was asked."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Let the service's role give an attempt to another provider."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(f"GRANT UPDATE (provider) ON attempts TO {role}")
