"""An output may have a picture of a few characters, to be shown while it loads."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what outputs that exist don't have; the grants on the table cover it."""
    op.execute("ALTER TABLE outputs ADD COLUMN blurhash text CHECK (char_length(blurhash) BETWEEN 6 AND 100)")
