"""What the processor sends of a customer that it forgot for us names the person once more: it is not kept."""

from alembic import op

revision = "0020"
down_revision = "0019"

SCHEMA = """
-- The processor knows nobody by it any more but in its records of payments, whose ids stay too.
ALTER TABLE erasures ADD COLUMN customer_id text;

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
    DELETE FROM referral_codes WHERE user_id = erased;
    DELETE FROM dead_letters WHERE split_part(subject, '.', 5) = erased;
    DELETE FROM customers WHERE user_id = erased;
END
$$;

-- Whichever way a webhook is done with. Processors tell for days, not for a month.
CREATE FUNCTION empty_body_of_erased() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    scope constant text := coalesce(current_setting('app.account', true), '');
BEGIN
    PERFORM set_config('app.account', '*', true);
    IF EXISTS (
        SELECT FROM erasures WHERE (finished_at IS NULL OR finished_at > now() - interval '30 days')
            AND (position(convert_to(user_id, 'UTF8') IN NEW.body) > 0
                OR position(convert_to(customer_id, 'UTF8') IN NEW.body) > 0)
    ) THEN
        NEW.body := '';
        NEW.customer_id := NULL;
    END IF;
    PERFORM set_config('app.account', scope, true);
    RETURN NEW;
END
$$;
CREATE TRIGGER webhook_events_of_erased BEFORE INSERT OR UPDATE ON webhook_events
    FOR EACH ROW WHEN (NEW.state IN ('done', 'ignored') AND NEW.body <> '')
    EXECUTE FUNCTION empty_body_of_erased();
"""


def upgrade() -> None:
    """Add the column and the trigger; what is done already was emptied with its account."""
    op.execute(SCHEMA)
