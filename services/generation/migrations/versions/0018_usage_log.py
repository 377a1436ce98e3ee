"""What a try delivered, and an account's tries in order."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0018"
down_revision = "0017"

CHANGES = """
ALTER TABLE attempts
    ADD COLUMN output_count integer NOT NULL DEFAULT 0 CHECK (output_count >= 0),
    ADD COLUMN tokens bigint CHECK (tokens >= 0);
-- What was delivered before and is still there; what was deleted by now nobody can count any more.
UPDATE attempts SET output_count = delivered.outputs
    FROM (SELECT generation_id, count(*) AS outputs FROM outputs GROUP BY generation_id) AS delivered
    WHERE attempts.generation_id = delivered.generation_id AND attempts.outcome = 'succeeded';
CREATE INDEX attempts_by_account ON attempts (account_id, attempt_id);
-- The same rule, in the words by which the planner does not take it for a rare one.
ALTER POLICY one_account ON attempts USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = current_setting('app.account', true) END
);
"""


def upgrade() -> None:
    """Add both numbers, and let the service's role write them down."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute("SELECT set_config('app.account', '*', true)")
    op.execute(CHANGES)
    op.execute(f"GRANT UPDATE (output_count, tokens) ON attempts TO {role}")
