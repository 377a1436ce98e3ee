"""Plans that are paid: what a checkout sells, how each stands at the processor, which credits were told."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0013"
down_revision = "0012"

TABLES = """
ALTER TABLE checkouts
    ALTER COLUMN pack_id DROP NOT NULL,
    ADD COLUMN plan_id text,
    ADD COLUMN interval text CHECK (interval IN ('month', 'year')),
    ADD COLUMN subscription_id text,
    ADD CHECK (num_nonnulls(pack_id, plan_id) = 1),
    ADD CHECK (num_nonnulls(plan_id, interval) <> 1),
    ADD CHECK (subscription_id IS NULL OR status = 'complete');

ALTER TABLE purchases
    ALTER COLUMN checkout_id DROP NOT NULL,
    ADD COLUMN invoice_id text,
    ADD CHECK (num_nonnulls(checkout_id, invoice_id) = 1);

ALTER TABLE subscriptions
    -- The processor's; none of a free plan, which has nothing of what follows.
    ADD COLUMN processor_id text UNIQUE,
    ADD COLUMN interval text CHECK (interval IN ('month', 'year')),
    ADD COLUMN status text CHECK (status IN ('trialing', 'active', 'past_due', 'paused', 'ended')),
    ADD COLUMN price_minor bigint CHECK (price_minor >= 0),
    ADD COLUMN currency text,
    ADD COLUMN anchor timestamptz,
    ADD COLUMN period_start timestamptz,
    ADD COLUMN period_end timestamptz CHECK (period_end > period_start),
    ADD COLUMN trial_end timestamptz,
    ADD COLUMN cancels_at timestamptz,
    ADD COLUMN next_plan_id text,
    ADD COLUMN next_interval text,
    ADD COLUMN next_at timestamptz,
    ADD CHECK (num_nonnulls(
        processor_id, interval, status, price_minor, currency, anchor, period_start, period_end) IN (0, 8)),
    ADD CHECK (num_nonnulls(next_plan_id, next_interval, next_at) IN (0, 3));

CREATE TABLE allocations (
    subscription_id text NOT NULL REFERENCES subscriptions,
    -- One begins at a moment, whatever the code believes.
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    user_id text NOT NULL,
    plan_id text NOT NULL,
    credits bigint NOT NULL CHECK (credits > 0),
    is_raise boolean NOT NULL,
    invoice_id text NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription_id, starts_at)
);

ALTER TABLE webhook_events
    ADD COLUMN subscription_id text,
    ADD COLUMN invoice_id text;
"""


def upgrade() -> None:
    """Add columns and table, each user behind row level security, and let the service's role use them."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    op.execute("ALTER TABLE allocations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE allocations FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY one_account ON allocations "
        "USING (current_setting('app.account', true) IN (user_id, '*'))"
    )
    op.execute(f"GRANT SELECT, INSERT ON allocations TO {role}")
    op.execute(f"GRANT UPDATE (subscription_id) ON checkouts TO {role}")
    op.execute(
        "GRANT UPDATE (processor_id, interval, status, price_minor, currency, anchor, period_start, "
        f"period_end, trial_end, cancels_at, next_plan_id, next_interval, next_at) ON subscriptions TO {role}"
    )
    op.execute(f"GRANT UPDATE (subscription_id, invoice_id) ON webhook_events TO {role}")
