"""People of support have sessions of the console too."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Widen the check; every row that there is passes it."""
    op.execute("ALTER TABLE console_sessions DROP CONSTRAINT console_sessions_role_check")
    op.execute(
        "ALTER TABLE console_sessions ADD CONSTRAINT console_sessions_role_check "
        "CHECK (role IN ('user', 'support', 'admin'))"
    )
