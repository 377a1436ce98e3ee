"""Who is first in the queue, and how long jobs take, are found without looking at every job."""

from alembic import op

revision = "0007"
down_revision = "0006"

INDEXES = """
CREATE INDEX generations_queued ON generations (generation_id) WHERE status = 'queued';
CREATE INDEX generations_lasted ON generations (model_id, finished_at DESC) WHERE status = 'succeeded';
"""


def upgrade() -> None:
    """Add an index for each of the two questions."""
    op.execute(INDEXES)
