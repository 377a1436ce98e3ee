"""Which session at identity each console session stands for."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; a row without one gets it at its next refresh."""
    op.execute("ALTER TABLE console_sessions ADD COLUMN session_id text")
