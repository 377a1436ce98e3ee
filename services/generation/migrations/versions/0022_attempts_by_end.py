"""How models fared of late is read from the newest tries, without a look at all the others."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Index attempts by when they ended."""
    op.execute("CREATE INDEX attempts_by_end ON attempts (finished_at) WHERE finished_at IS NOT NULL")
