"""Webhooks about a customer: that they are gone, or what they pay with."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column, and let the service's role use it."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute("ALTER TABLE webhook_events ADD COLUMN customer_id text")
    op.execute(f"GRANT UPDATE (customer_id) ON webhook_events TO {role}")
