"""What a person with a role, or an operator, had refunded: who, why, how much, and what came of it."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0011"
down_revision = "0010"

TABLE = """
CREATE TABLE refund_orders (
    order_id text PRIMARY KEY,
    purchase_id text NOT NULL REFERENCES purchases,
    user_id text NOT NULL,
    payment_id text NOT NULL,
    asked_minor bigint CHECK (asked_minor > 0),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason text NOT NULL,
    actor text NOT NULL,
    idempotency_key text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'made', 'refused')),
    refund_id text UNIQUE CHECK ((refund_id IS NOT NULL) = (state = 'made')),
    refusal text CHECK ((refusal IS NOT NULL) = (state = 'refused')),
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    UNIQUE (purchase_id, idempotency_key)
);
CREATE INDEX refund_orders_due ON refund_orders (due_at) WHERE state = 'open';
"""


def upgrade() -> None:
    """Add the table behind row level security; what was ordered, by whom and why, never changes."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLE)
    op.execute("ALTER TABLE refund_orders ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE refund_orders FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY one_account ON refund_orders "
        "USING (current_setting('app.account', true) IN (user_id, '*'))"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE (state, refund_id, refusal, due_at) ON refund_orders TO {role}")
