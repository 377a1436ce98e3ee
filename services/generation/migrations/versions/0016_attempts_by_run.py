"""A provider that tells of a run names it."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Index attempts by their provider's run."""
    op.execute("CREATE INDEX attempts_by_run ON attempts (provider, run_id) WHERE run_id IS NOT NULL")
