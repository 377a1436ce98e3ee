"""Which accounts are about to be erased, and which paid plan was set to end because of it."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0021"
down_revision = "0020"

SCHEMA = """
CREATE TABLE departures (
    user_id text PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    -- Null: the account stays.
    erased_from timestamptz,
    -- The processor's subscription that goes on again if it does.
    set_to_end text,
    due_at timestamptz,
    claimed_until timestamptz
);
CREATE INDEX departures_due ON departures (due_at) WHERE due_at IS NOT NULL;
ALTER TABLE departures ENABLE ROW LEVEL SECURITY;
ALTER TABLE departures FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON departures USING (current_setting('app.account', true) IN (user_id, '*'));

CREATE OR REPLACE FUNCTION erase_customer(erased text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known constant text := (SELECT customer_id FROM customers WHERE user_id = erased);
BEGIN
    IF current_setting('app.account') <> erased THEN
        RAISE EXCEPTION 'the transaction is not of this account';
    END IF;
    UPDATE erasures SET customer_id = known WHERE user_id = erased AND known IS NOT NULL;
    UPDATE webhook_events SET body = '', customer_id = NULL
        WHERE state IN ('done', 'ignored') AND (
            customer_id = known
            OR (body <> '' AND position(convert_to(known, 'UTF8') IN body) > 0)
            OR (body <> '' AND position(convert_to(erased, 'UTF8') IN body) > 0));
    UPDATE checkouts SET url = '', idempotency_key = checkout_id WHERE user_id = erased;
    UPDATE top_ups SET customer_id = '' WHERE user_id = erased;
    DELETE FROM auto_top_ups WHERE user_id = erased;
    DELETE FROM departures WHERE user_id = erased;
    DELETE FROM referral_codes WHERE user_id = erased;
    DELETE FROM dead_letters WHERE split_part(subject, '.', 5) = erased;
    DELETE FROM customers WHERE user_id = erased;
END
$$;
"""


def upgrade() -> None:
    """Add the table, which goes with the account."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON departures TO {role}")
