"""Sessions end when a role is taken away."""

from alembic import op

revision = "0007"
down_revision = "0006"

SCHEMA = """
ALTER TABLE sessions DROP CONSTRAINT sessions_end_reason_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_end_reason_check
    CHECK (end_reason IN ('logged_out', 'token_reused', 'password_reset', 'user_disabled', 'role_revoked'));
"""


def upgrade() -> None:
    """Allow the new reason. The service's own role can change nobody's role: only the tables' owner can."""
    op.execute(SCHEMA)
