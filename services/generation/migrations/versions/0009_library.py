"""Favourites, and the prompt as it is searched."""

import os
import unicodedata

import sqlalchemy as sa
from alembic import op
from psycopg.sql import Identifier

revision = "0009"
down_revision = "0008"

CHANGES = """
ALTER TABLE generations
    ADD COLUMN is_favourite boolean NOT NULL DEFAULT false,
    ADD COLUMN search_text text NOT NULL DEFAULT '';
CREATE INDEX generations_favourites ON generations (account_id, generation_id DESC)
    WHERE is_favourite AND deleted_at IS NULL;
-- Sees what it saw before. The planner took the first form for a second condition on top of the query's own
-- account, expected a twentieth of the rows that are there, and sorted a whole library for one page of it.
ALTER POLICY one_account ON generations USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = current_setting('app.account', true) END
);
"""
BATCH = 1000
UNSEARCHED = sa.text(
    "SELECT generation_id, input ->> 'prompt' AS prompt FROM generations"
    " WHERE generation_id > :after AND jsonb_typeof(input -> 'prompt') = 'string'"
    " ORDER BY generation_id LIMIT :batch"
)
SEARCHED = sa.text("UPDATE generations SET search_text = :text WHERE generation_id = :id")


def upgrade() -> None:
    """Add them, and fill in the text of jobs that are there: PostgreSQL folds no case as the service does."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    # The owner is under row level security too.
    op.execute("SELECT set_config('app.account', '*', true)")
    op.execute(CHANGES)
    op.execute(f"GRANT UPDATE (is_favourite) ON generations TO {role}")
    connection, after = op.get_bind(), ""
    while rows := connection.execute(UNSEARCHED, {"after": after, "batch": BATCH}).all():
        connection.execute(SEARCHED, [{"id": row.generation_id, "text": folded(row.prompt)} for row in rows])
        after = rows[-1].generation_id


def folded(text: str) -> str:
    """Return the text as the service folded it when this was written."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))
