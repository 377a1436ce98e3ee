"""Sound is made, too."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Let a generation be one of sound."""
    op.execute(
        """
        ALTER TABLE generations DROP CONSTRAINT generations_modality_check;
        ALTER TABLE generations ADD CONSTRAINT generations_modality_check
            CHECK (modality IN ('image', 'video', 'text', 'audio'));
        """
    )
