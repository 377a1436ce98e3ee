"""Who has which plan, and when its credits come; and facts of others that can't be handled."""

import os

from alembic import op
from chassis.dead_letters import DEAD_LETTERS_DDL, DEAD_LETTERS_PRIVILEGES
from psycopg.sql import Identifier

revision = "0008"
down_revision = "0007"

TABLE = """
CREATE TABLE subscriptions (
    subscription_id text PRIMARY KEY,
    user_id text NOT NULL,
    plan_id text NOT NULL,
    began_at timestamptz NOT NULL,
    -- When the month began whose credits came last.
    allocated_from timestamptz CHECK (allocated_from >= began_at),
    next_allocation_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= began_at)
);
-- Everybody has at most one that has not ended.
CREATE UNIQUE INDEX subscriptions_live ON subscriptions (user_id) WHERE ended_at IS NULL;
CREATE INDEX subscriptions_user ON subscriptions (user_id);
CREATE INDEX subscriptions_due ON subscriptions (next_allocation_at) WHERE ended_at IS NULL;
"""


def upgrade() -> None:
    """Add the table, each user behind row level security, and let the service's role use it."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLE)
    op.execute("ALTER TABLE subscriptions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE subscriptions FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY one_account ON subscriptions "
        "USING (current_setting('app.account', true) IN (user_id, '*'))"
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (plan_id, allocated_from, next_allocation_at, ended_at) "
        f"ON subscriptions TO {role}"
    )
    op.execute(DEAD_LETTERS_DDL)
    op.execute(f"GRANT {DEAD_LETTERS_PRIVILEGES} ON dead_letters TO {role}")
