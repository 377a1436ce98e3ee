"""How often the erasure of each account was asked for or taken back: it is told in any order."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the count."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute("ALTER TABLE users ADD COLUMN erasure_revision bigint NOT NULL DEFAULT 0")
    op.execute(f"GRANT UPDATE (erasure_revision) ON users TO {role}")
