"""What guards roles looks at the tables of ours alone: a temporary one of the same name came first."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Put temporary tables last for both functions, which run as the owner."""
    for function in ("require_record_of_role", "keep_an_administrator"):
        op.execute(f"ALTER FUNCTION {function}() SET search_path = pg_catalog, public, pg_temp")
