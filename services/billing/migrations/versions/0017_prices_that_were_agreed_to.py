"""What who has packs bought by themselves agreed to pay for one."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the columns, and let the service's role use them."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(
        "ALTER TABLE auto_top_ups ADD COLUMN price_minor bigint CHECK (price_minor >= 0),"
        " ADD COLUMN currency text, ADD CHECK ((price_minor IS NULL) = (currency IS NULL))"
    )
    op.execute(f"GRANT UPDATE (price_minor, currency) ON auto_top_ups TO {role}")
