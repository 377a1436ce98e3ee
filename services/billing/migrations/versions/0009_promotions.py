"""Codes that people redeem for credits, and who redeemed which."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0009"
down_revision = "0008"

TABLES = """
CREATE TABLE promotions (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z0-9-]{4,40}$'),
    credits bigint NOT NULL CHECK (credits > 0),
    credits_last interval CHECK (credits_last > interval '0'),
    valid_until timestamptz,
    redemptions_max integer CHECK (redemptions_max > 0),
    redemptions integer NOT NULL CHECK (redemptions >= 0 AND redemptions <= redemptions_max),
    created_at timestamptz NOT NULL
);
CREATE TABLE redemptions (
    redemption_id text PRIMARY KEY,
    user_id text NOT NULL,
    code text NOT NULL REFERENCES promotions,
    credits bigint NOT NULL CHECK (credits > 0),
    expires_at timestamptz,
    idempotency_key text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Once a person, whatever the code believes.
    UNIQUE (user_id, code)
);
"""


def upgrade() -> None:
    """Add the tables, each user's redemptions behind row level security, and the role's rights."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    op.execute("ALTER TABLE redemptions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE redemptions FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY one_account ON redemptions "
        "USING (current_setting('app.account', true) IN (user_id, '*'))"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE (redemptions, valid_until) ON promotions TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON redemptions TO {role}")
