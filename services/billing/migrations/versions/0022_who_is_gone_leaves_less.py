"""A parked webhook of an erased account loses its body too, and a refund's key is its orderer's own."""

from alembic import op

revision = "0022"
down_revision = "0021"

SCHEMA = """
CREATE OR REPLACE FUNCTION erase_customer(erased text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known constant text := (SELECT customer_id FROM customers WHERE user_id = erased);
BEGIN
    IF current_setting('app.account') <> erased THEN
        RAISE EXCEPTION 'the transaction is not of this account';
    END IF;
    UPDATE erasures SET customer_id = known WHERE user_id = erased AND known IS NOT NULL;
    -- What waits names the person until it is worked out; what is parked is worked out by what it is about.
    UPDATE webhook_events SET body = '', customer_id = NULL
        WHERE state <> 'waiting' AND (
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

DROP TRIGGER webhook_events_of_erased ON webhook_events;
CREATE TRIGGER webhook_events_of_erased BEFORE INSERT OR UPDATE ON webhook_events
    FOR EACH ROW WHEN (NEW.state <> 'waiting' AND NEW.body <> '')
    EXECUTE FUNCTION empty_body_of_erased();

ALTER TABLE refund_orders DROP CONSTRAINT refund_orders_purchase_id_idempotency_key_key,
    ADD CONSTRAINT refund_orders_key UNIQUE (purchase_id, actor, idempotency_key);
"""


def upgrade() -> None:
    """Do it, and empty what was parked of those who are gone."""
    op.execute(SCHEMA)
    op.execute("SET LOCAL app.account = '*'")
    # Each goes by the trigger.
    op.execute("UPDATE webhook_events SET state = state WHERE state = 'parked'")
