"""Where each session is used, and when it was last."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0012"
down_revision = "0011"

SCHEMA = """
ALTER TABLE sessions
    ADD COLUMN client_address text,
    ADD COLUMN browser text,
    ADD COLUMN system text,
    ADD COLUMN last_used_at timestamptz;
CREATE INDEX sessions_by_user ON sessions (user_id);
ALTER TABLE sessions DROP CONSTRAINT sessions_end_reason_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_end_reason_check
    CHECK (end_reason IN (
        'logged_out', 'token_reused', 'password_reset', 'user_disabled', 'role_revoked', 'ended_by_user',
        'user_deleted'
    ));
"""


def upgrade() -> None:
    """Add the columns, and let the service's role keep them up to date."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT UPDATE (client_address, browser, system, last_used_at) ON sessions TO {role}")
