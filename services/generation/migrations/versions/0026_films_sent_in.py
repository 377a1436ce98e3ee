"""How long a film is that was sent in."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add it; what is there is pictures."""
    op.execute(
        "ALTER TABLE uploads ADD COLUMN duration_s double precision NOT NULL DEFAULT 0"
        " CHECK (duration_s >= 0)"
    )
