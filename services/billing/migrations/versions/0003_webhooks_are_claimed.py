"""Webhooks are claimed by a token, ignored for a cause, and woken when they were given up for an outage."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0003"
down_revision = "0002"

COLUMNS = """
ALTER TABLE webhook_events
    -- Why nothing is done with one that is ignored; those from before have none.
    ADD COLUMN cause text,
    -- Whose claim it is: whoever comes back late with another one writes nothing.
    ADD COLUMN lease_token text;
CREATE INDEX webhook_events_newest ON webhook_events (received_at DESC, event_id);
CREATE INDEX webhook_events_state ON webhook_events (state, cause);
CREATE INDEX webhook_events_bodies ON webhook_events (finished_at)
    WHERE state IN ('done', 'ignored') AND body <> '';
"""

# They were given up after an hour, whoever's fault it was. What they do is idempotent, and still due.
WAKE_PARKED = """
UPDATE webhook_events SET state = 'waiting', attempts = 0, due_at = now(), finished_at = NULL
WHERE state = 'parked'
"""


def upgrade() -> None:
    """Add the columns, let the service's role wake webhooks and empty bodies, and wake what was parked."""
    role = Identifier(os.environ.get("BILLING_SERVICE_ROLE", "billing_service")).as_string()
    op.execute(COLUMNS)
    written = "cause, lease_token, body, session_id, payment_id, dispute_id"
    op.execute(f"GRANT UPDATE ({written}) ON webhook_events TO {role}")
    op.execute(WAKE_PARKED)
