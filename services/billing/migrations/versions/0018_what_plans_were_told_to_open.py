"""What each user's plan was told to open, so that a change of the catalogue is noticed."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column, and let the service's role use it: what was told before is told once more."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute("ALTER TABLE subscription_revisions ADD COLUMN opened text[]")
    op.execute(f"GRANT UPDATE (opened) ON subscription_revisions TO {role}")
