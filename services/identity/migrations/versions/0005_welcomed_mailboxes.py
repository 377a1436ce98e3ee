"""Whether each user was welcomed, and which mailboxes were, whatever becomes of their accounts."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0005"
down_revision = "0004"

# Whoever is here was welcomed at once, and so was their mailbox: an alias of it is not welcomed again. The
# default is for replicas of the release before, which welcome everybody at once.
SCHEMA = """
ALTER TABLE users ADD COLUMN welcome text NOT NULL DEFAULT 'given'
    CHECK (welcome IN ('pending', 'given', 'none'));

CREATE TABLE welcomed_mailboxes (
    mailbox_digest bytea PRIMARY KEY CHECK (octet_length(mailbox_digest) = 32),
    -- Names the account, and does not end with it.
    user_id text NOT NULL,
    welcomed_at timestamptz NOT NULL
);
ALTER TABLE welcomed_mailboxes ENABLE ROW LEVEL SECURITY;
ALTER TABLE welcomed_mailboxes FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON welcomed_mailboxes
    USING (current_setting('app.account', true) IN (user_id, '*'));

SELECT set_config('app.account', '*', true);
WITH parts AS (
    SELECT user_id, created_at, regexp_replace(lower(email), '@[^@]*$', '') AS local,
           CASE substring(lower(email) FROM '@([^@]*)$') WHEN 'googlemail.com' THEN 'gmail.com'
                ELSE substring(lower(email) FROM '@([^@]*)$') END AS domain
    FROM users
), named AS (
    SELECT user_id, created_at, domain, coalesce(nullif(split_part(local, '+', 1), ''), local) AS name
    FROM parts
), mailboxes AS (
    SELECT user_id, created_at,
           CASE WHEN domain = 'gmail.com' THEN coalesce(nullif(replace(name, '.', ''), ''), name)
                ELSE name END || '@' || domain AS mailbox
    FROM named
)
INSERT INTO welcomed_mailboxes (mailbox_digest, user_id, welcomed_at)
SELECT sha256(convert_to(mailbox, 'UTF8')), user_id, created_at FROM mailboxes ORDER BY created_at
ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    """Create the column and the table, and let the service's role claim what nobody claimed."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT UPDATE (welcome) ON users TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON welcomed_mailboxes TO {role}")
