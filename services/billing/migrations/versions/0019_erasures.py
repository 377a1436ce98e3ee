"""Accounts can be erased: which are, and what joins their ids to a person is deleted."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0019"
down_revision = "0018"

SCHEMA = """
-- Stays for good: whatever is heard of an erased account later makes nothing new of it.
CREATE TABLE erasures (
    user_id text PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz CHECK (finished_at >= begun_at)
);
CREATE INDEX erasures_open ON erasures (begun_at) WHERE finished_at IS NULL;
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON erasures USING (current_setting('app.account', true) IN (user_id, '*'));

-- Runs as the owner, and still only inside the scope of the caller. What was bought, paid and given
-- back stays, for the books. What the processor sent us of its customer names the person, and is emptied.
CREATE FUNCTION erase_customer(erased text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known constant text := (SELECT customer_id FROM customers WHERE user_id = erased);
BEGIN
    IF current_setting('app.account') <> erased THEN
        RAISE EXCEPTION 'the transaction is not of this account';
    END IF;
    UPDATE webhook_events SET body = '', customer_id = NULL
        WHERE customer_id = known
            OR (body <> '' AND position(convert_to(known, 'UTF8') IN body) > 0)
            OR (body <> '' AND position(convert_to(erased, 'UTF8') IN body) > 0);
    UPDATE checkouts SET url = '', idempotency_key = checkout_id WHERE user_id = erased;
    UPDATE top_ups SET customer_id = '' WHERE user_id = erased;
    DELETE FROM auto_top_ups WHERE user_id = erased;
    DELETE FROM referral_codes WHERE user_id = erased;
    DELETE FROM dead_letters WHERE split_part(subject, '.', 5) = erased;
    DELETE FROM customers WHERE user_id = erased;
END
$$;
REVOKE ALL ON FUNCTION erase_customer(text) FROM PUBLIC;
"""


def upgrade() -> None:
    """Add both, and let the service's role note what it does and ask for it."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, UPDATE (finished_at) ON erasures TO {role}")
    op.execute(f"GRANT EXECUTE ON FUNCTION erase_customer(text) TO {role}")
