"""What an account paid for its jobs is summed from one index, whatever else a job is made of."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Index what was charged by account and time, with all that a sum by model reads."""
    op.execute(
        "CREATE INDEX generations_charged ON generations (account_id, finished_at) "
        "INCLUDE (model_id, credits_charged) WHERE credits_charged > 0"
    )
