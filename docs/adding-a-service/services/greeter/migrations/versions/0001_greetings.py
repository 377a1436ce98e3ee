"""Greetings, the inbox, and events that were given up."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0001"
down_revision = None

# Migrations never change: what a library's tables are today is written down here.
TABLES = (
    """
    CREATE TABLE greetings (
        account_id text PRIMARY KEY,
        full_name text NOT NULL
    )
    """,
    "ALTER TABLE greetings ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE greetings FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY one_account ON greetings
        USING (current_setting('app.account', true) IN (account_id, '*'))
    """,
    """
    CREATE TABLE inbox (
        consumer text NOT NULL,
        event_id text NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
    )
    """,
    """
    CREATE TABLE dead_letters (
        event_id text PRIMARY KEY,
        ce_type text NOT NULL,
        subject text NOT NULL,
        headers jsonb NOT NULL,
        payload bytea NOT NULL,
        deliveries integer NOT NULL,
        error text NOT NULL,
        given_up_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        replayed_at timestamptz
    )
    """,
)
PRIVILEGES = {
    "greetings": "SELECT, INSERT",
    "inbox": "SELECT, INSERT, DELETE",
    "dead_letters": "SELECT, INSERT, UPDATE (attempts, replayed_at, error, deliveries)",
}


def upgrade() -> None:
    """Create the tables and let the service's role use them."""
    role = Identifier(os.environ.get("GREETER_SERVICE_ROLE", "greeter_service")).as_string()
    for statement in TABLES:
        op.execute(statement)
    for table, privileges in PRIVILEGES.items():
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
