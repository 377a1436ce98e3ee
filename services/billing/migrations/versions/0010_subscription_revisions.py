"""How often each account's plan changed: what is told of it is ordered by that."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0010"
down_revision = "0009"

TABLE = """
CREATE TABLE subscription_revisions (
    user_id text PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0)
);
"""


def upgrade() -> None:
    """Add the table, each user behind row level security, and let the service's role count."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLE)
    op.execute("ALTER TABLE subscription_revisions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE subscription_revisions FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY one_account ON subscription_revisions "
        "USING (current_setting('app.account', true) IN (user_id, '*'))"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE (revision) ON subscription_revisions TO {role}")
