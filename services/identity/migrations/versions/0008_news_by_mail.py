"""News by mail: which facts of others were heard, which could not be handled, and what a mail says."""

import os

from alembic import op
from chassis.dead_letters import DEAD_LETTERS_DDL, DEAD_LETTERS_PRIVILEGES
from chassis.inbox import INBOX_DDL
from psycopg.sql import Identifier

revision = "0008"
down_revision = "0007"

# What news there may be the code says: another kind is no change of the schema.
SCHEMA = """
ALTER TABLE outgoing_mail DROP CONSTRAINT outgoing_mail_purpose_check;
ALTER TABLE outgoing_mail ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
"""


def upgrade() -> None:
    """Add them, and let the service's role use them."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(INBOX_DDL)
    # Rows are written in the order of their time, which is all that such an index needs.
    op.execute("CREATE INDEX inbox_received_at ON inbox USING brin (received_at)")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON inbox TO {role}")
    op.execute(DEAD_LETTERS_DDL)
    op.execute(f"GRANT {DEAD_LETTERS_PRIVILEGES} ON dead_letters TO {role}")
