"""By which request an endpoint was made: one that comes again with its key finds it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the digests; of endpoints that were made before nobody knows."""
    op.execute("ALTER TABLE webhook_endpoints ADD COLUMN request_key_digest text")
    op.execute("ALTER TABLE webhook_endpoints ADD COLUMN request_asked_digest text")
    op.execute(
        "CREATE UNIQUE INDEX webhook_endpoints_by_request"
        " ON webhook_endpoints (account_id, request_key_digest) WHERE request_key_digest IS NOT NULL"
    )
