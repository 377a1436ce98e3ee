"""Who invited whom, and what came of it."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0012"
down_revision = "0011"

TABLES = """
CREATE TABLE referral_codes (
    user_id text PRIMARY KEY,
    code text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE TABLE referrals (
    -- Once invited, whatever the code believes.
    invited_id text PRIMARY KEY,
    inviter_id text NOT NULL CHECK (inviter_id <> invited_id),
    code text NOT NULL,
    state text NOT NULL CHECK (state IN ('claimed', 'rewarded', 'void')),
    claimed_at timestamptz NOT NULL,
    purchase_id text REFERENCES purchases,
    paid_at timestamptz CHECK ((paid_at IS NULL) = (purchase_id IS NULL)),
    due_at timestamptz CHECK ((due_at IS NULL) = (paid_at IS NULL)),
    ended_at timestamptz CHECK ((ended_at IS NULL) = (state = 'claimed'))
);
CREATE INDEX referrals_inviter ON referrals (inviter_id);
CREATE INDEX referrals_due ON referrals (due_at) WHERE state = 'claimed' AND paid_at IS NOT NULL;
"""
OWNED = {"referral_codes": "(user_id, '*')", "referrals": "(invited_id, inviter_id, '*')"}


def upgrade() -> None:
    """Add the tables behind row level security, and the role's rights."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    for table, seen_by in OWNED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} USING (current_setting('app.account', true) IN {seen_by})"
        )
    op.execute(f"GRANT SELECT, INSERT ON referral_codes TO {role}")
    changing = "state, purchase_id, paid_at, due_at, ended_at"
    op.execute(f"GRANT SELECT, INSERT, UPDATE ({changing}) ON referrals TO {role}")
