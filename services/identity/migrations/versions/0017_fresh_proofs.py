"""When the person of each session last proved who they are."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; of a session from before, its sign-in was the proof."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute("ALTER TABLE sessions ADD COLUMN proven_at timestamptz")
    op.execute(f"GRANT UPDATE (proven_at) ON sessions TO {role}")
