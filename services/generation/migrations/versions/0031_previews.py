"""Previews that a job asked for, and what each that is shown costs."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add them: what is there asked for none, and no job's terms change."""
    op.execute(
        "ALTER TABLE generations ADD COLUMN previews_max bigint CHECK (previews_max BETWEEN 1 AND 3),"
        " ADD COLUMN preview_credits bigint CHECK (preview_credits >= 0),"
        " ADD CHECK ((previews_max IS NULL) = (preview_credits IS NULL))"
    )
