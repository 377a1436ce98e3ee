"""A text goes where its output expires, whichever process lets go of it."""

from alembic import op

revision = "0033"
down_revision = "0032"

# A process of before texts knows of none: what it expires would leave its text behind for good.
SCHEMA = """
CREATE FUNCTION forget_texts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM output_texts WHERE output_id = NEW.output_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER outputs_expire_with_their_texts AFTER UPDATE OF expired_at ON outputs
    FOR EACH ROW WHEN (NEW.expired_at IS NOT NULL) EXECUTE FUNCTION forget_texts();
"""


def upgrade() -> None:
    """Have the database do it."""
    op.execute(SCHEMA)
