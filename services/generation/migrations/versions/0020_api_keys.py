"""By which API key a job was asked for."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add what a job is created with and keeps."""
    op.execute("ALTER TABLE generations ADD COLUMN api_key_id text")
    op.execute("ALTER TABLE generations ADD COLUMN api_key_name text")
    op.execute("ALTER TABLE generations ADD COLUMN api_key_credits_max bigint")
