"""Answers that were paid for are spooled; an attempt can wait for its time and counts interruptions."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0002"
down_revision = "0001"

CHANGES = """
ALTER TABLE attempts
    ADD COLUMN reason text,
    ADD COLUMN not_before timestamptz,
    ADD COLUMN submitted boolean NOT NULL DEFAULT true,
    ADD COLUMN tries integer NOT NULL DEFAULT 1 CHECK (tries > 0),
    ADD CHECK (not_before IS NULL OR outcome = 'running');

CREATE TABLE spooled_answers (
    attempt_id text PRIMARY KEY REFERENCES attempts,
    generation_id text NOT NULL REFERENCES generations,
    account_id text NOT NULL,
    document text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX spooled_answers_by_generation ON spooled_answers (generation_id);

CREATE TABLE spooled_pieces (
    attempt_id text NOT NULL REFERENCES spooled_answers ON DELETE CASCADE,
    output integer NOT NULL CHECK (output >= 0),
    number integer NOT NULL CHECK (number >= 0),
    account_id text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (attempt_id, output, number)
);
-- Pictures and films don't shrink any further.
ALTER TABLE spooled_pieces ALTER COLUMN content SET STORAGE EXTERNAL;
"""

GRANTS = {"spooled_answers": "SELECT, INSERT, DELETE", "spooled_pieces": "SELECT, INSERT"}


def upgrade() -> None:
    """Add what a job needs to survive its worker without being bought again."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    # The owner is under row level security too.
    op.execute("SELECT set_config('app.account', '*', true)")
    op.execute(CHANGES)
    op.execute("UPDATE attempts SET tries = number WHERE outcome = 'running'")
    op.execute(f"GRANT UPDATE (reason, not_before, submitted, tries, started_at) ON attempts TO {role}")
    for table, privileges in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (account_id, '*'))"
        )
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
