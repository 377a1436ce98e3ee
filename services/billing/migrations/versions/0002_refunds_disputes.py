"""Refunds and disputes of purchases, and the webhooks that spoke of them before anybody listened."""

import json
import os

from alembic import op
from psycopg.sql import Identifier
from sqlalchemy import text

revision = "0002"
down_revision = "0001"

TABLES = """
ALTER TABLE purchases
    ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    ADD COLUMN refunded_credits bigint NOT NULL DEFAULT 0 CHECK (refunded_credits BETWEEN 0 AND credits),
    -- How often the total fell, because a refund failed after it had succeeded.
    ADD COLUMN refund_series integer NOT NULL DEFAULT 0 CHECK (refund_series >= 0);

CREATE TABLE refunds (
    refund_id text PRIMARY KEY,
    purchase_id text NOT NULL REFERENCES purchases,
    user_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    status text NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refunds_purchase ON refunds (purchase_id);

CREATE TABLE disputes (
    dispute_id text PRIMARY KEY,
    purchase_id text NOT NULL REFERENCES purchases,
    user_id text NOT NULL,
    payment_id text NOT NULL,
    disputed_minor bigint NOT NULL CHECK (disputed_minor >= 0),
    disputed_credits bigint NOT NULL CHECK (disputed_credits >= 0),
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('opened', 'lost', 'won')),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX disputes_purchase ON disputes (purchase_id);

ALTER TABLE webhook_events
    ADD COLUMN payment_id text,
    ADD COLUMN dispute_id text;
"""

# They were stored, told to nobody and never worked out: now they are, once, from what is true today.
IGNORED = """
SELECT event_id, kind, body FROM webhook_events
WHERE state = 'ignored'
    AND (kind = 'charge.refunded' OR starts_with(kind, 'refund.') OR starts_with(kind, 'charge.dispute.'))
"""
WAITING_AGAIN = """
UPDATE webhook_events
SET payment_id = :payment_id, dispute_id = :dispute_id,
    state = 'waiting', attempts = 0, due_at = now(), finished_at = NULL
WHERE event_id = :event_id
"""

USER_OWNED = {
    "refunds": "SELECT, INSERT, UPDATE (status)",
    "disputes": "SELECT, INSERT, UPDATE (disputed_minor, disputed_credits, state)",
}


def upgrade() -> None:
    """Add the tables and columns, let the service's role use them, and wake the webhooks."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    for table, privileges in USER_OWNED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (user_id, '*'))"
        )
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
    op.execute(f"GRANT UPDATE (refunded_minor, refunded_credits, refund_series) ON purchases TO {role}")
    connection = op.get_bind()
    for event in connection.execute(text(IGNORED)).all():
        # Parsed here: PostgreSQL's JSON refuses an escaped zero character, which anybody's label may hold.
        about = json.loads(event.body)["data"]["object"]
        is_dispute = event.kind.startswith("charge.dispute.")
        connection.execute(
            text(WAITING_AGAIN),
            {
                "event_id": event.event_id,
                "payment_id": None if is_dispute else about.get("payment_intent"),
                "dispute_id": about["id"] if is_dispute else None,
            },
        )
