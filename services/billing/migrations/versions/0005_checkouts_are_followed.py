"""Checkouts say where their money is, when they are asked about next, and which page of theirs is open."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0005"
down_revision = "0004"

COLUMNS = """
ALTER TABLE checkouts
    ADD COLUMN payment_status text NOT NULL DEFAULT 'unpaid'
        CHECK (payment_status IN ('unpaid', 'processing', 'paid', 'failed', 'no_payment_required')),
    -- An expired page may be followed by another one, of the same checkout.
    ADD COLUMN page integer NOT NULL DEFAULT 1 CHECK (page > 0),
    ADD COLUMN opened_at timestamptz,
    -- What the idempotency key stands for; those from before have none.
    ADD COLUMN fingerprint text,
    ADD COLUMN asked_at timestamptz,
    -- Absent once nothing is expected of it any more.
    ADD COLUMN next_check_at timestamptz;
UPDATE checkouts SET opened_at = created_at;
UPDATE checkouts SET payment_status = 'paid' WHERE purchase_id IS NOT NULL;
UPDATE checkouts SET next_check_at = now()
WHERE purchase_id IS NULL AND status <> 'expired' AND session_id IS NOT NULL;
ALTER TABLE checkouts ALTER COLUMN opened_at SET NOT NULL;
CREATE INDEX checkouts_to_check ON checkouts (next_check_at) WHERE next_check_at IS NOT NULL;
DROP INDEX checkouts_unsettled;

-- Should two pages of one checkout be paid, both are purchases: the money arrived.
ALTER TABLE purchases DROP CONSTRAINT purchases_checkout_id_key;
CREATE INDEX purchases_checkout ON purchases (checkout_id);
"""


def upgrade() -> None:
    """Add the columns, have every unsettled checkout asked about, and let the service's role write them."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    # The owner is behind row level security as well.
    op.execute("SELECT set_config('app.account', '*', true)")
    op.execute(COLUMNS)
    # A later page is sold at the pack's terms of then.
    terms = "pack_title, credits, price_minor, currency"
    state = "payment_status, page, opened_at, asked_at, next_check_at"
    op.execute(f"GRANT UPDATE ({state}, {terms}) ON checkouts TO {role}")
    # One that the processor does not know any more is replaced.
    op.execute(f"GRANT UPDATE (customer_id) ON customers TO {role}")
