"""What the payment processor asks for what is sold, as it was seen last."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0015"
down_revision = "0014"

TABLES = """
CREATE TABLE processor_prices (
    price_name text PRIMARY KEY,
    article_id text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    currency text NOT NULL,
    -- None: it is paid once.
    interval text CHECK (interval IN ('month', 'year')),
    is_on_sale boolean NOT NULL,
    asked_at timestamptz NOT NULL
);

ALTER TABLE webhook_events ADD COLUMN article_id text;
"""


def upgrade() -> None:
    """Add table and column, and let the service's role use them; prices are nobody's in particular."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(TABLES)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON processor_prices TO {role}")
    op.execute(f"GRANT UPDATE (article_id) ON webhook_events TO {role}")
