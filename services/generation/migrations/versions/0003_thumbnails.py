"""An output may have a small picture beside it, and may be only the beginning of what was asked for."""

from alembic import op

revision = "0003"
down_revision = "0002"

CHANGES = """
ALTER TABLE outputs
    ADD COLUMN thumbnail_key text UNIQUE,
    ADD COLUMN incomplete text CHECK (incomplete IN ('length', 'broken_off'));
"""


def upgrade() -> None:
    """Add what outputs that exist don't have; the grants on the table cover it."""
    op.execute(CHANGES)
