"""The log of the webhooks of single requests, newest first."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the index that it is read by."""
    op.execute(
        "CREATE INDEX webhook_deliveries_of_requests ON webhook_deliveries (account_id, delivery_id)"
        " WHERE endpoint_id IS NULL"
    )
