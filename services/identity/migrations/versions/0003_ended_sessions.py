"""Accounts that the service may disable, which ends their sessions."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0003"
down_revision = "0002"

SCHEMA = """
ALTER TABLE sessions DROP CONSTRAINT sessions_end_reason_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_end_reason_check
    CHECK (end_reason IN ('logged_out', 'token_reused', 'password_reset', 'user_disabled'));
"""


def upgrade() -> None:
    """Allow the new reason, and the service's role to disable."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT UPDATE (disabled_at) ON users TO {role}")
