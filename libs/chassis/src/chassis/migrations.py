"""Alembic, driven from code: each service brings its own script folder."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(script_location: Path, database_url: str) -> None:
    """Bring the database to the newest revision, as the role in the URL (the owner). Idempotent."""
    config = Config()
    config.set_main_option("script_location", str(script_location))
    # ConfigParser reads % as interpolation; passwords may hold one.
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    command.upgrade(config, "head")
