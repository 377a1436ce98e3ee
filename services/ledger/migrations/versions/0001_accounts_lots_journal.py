"""Accounts, lots, reservations, requests and the journal, each account behind row level security."""

import os

from alembic import op
from chassis.inbox import INBOX_DDL
from chassis.outbox import OUTBOX_DDL
from psycopg.sql import Identifier

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE accounts (
    account_id text PRIMARY KEY,
    -- Never negative: what can't be taken becomes debt.
    available bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    debt bigint NOT NULL DEFAULT 0 CHECK (debt >= 0),
    sequence bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lots (
    grant_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts,
    category text NOT NULL CHECK (category IN ('subscription', 'promotional', 'paid')),
    amount bigint NOT NULL CHECK (amount > 0),
    remaining bigint NOT NULL CHECK (remaining >= 0),
    held bigint NOT NULL CHECK (held >= 0),
    spent bigint NOT NULL CHECK (spent >= 0),
    expired bigint NOT NULL CHECK (expired >= 0),
    priority integer NOT NULL,
    effective_at timestamptz NOT NULL,
    expires_at timestamptz,
    source text NOT NULL,
    payment_id text,
    created_at timestamptz NOT NULL,
    CHECK (amount = remaining + held + spent + expired)
);
CREATE INDEX lots_with_credits ON lots (account_id) WHERE remaining > 0;
CREATE INDEX lots_to_expire ON lots (expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;
-- One payment is one grant, whatever the code believes.
CREATE UNIQUE INDEX lots_payment ON lots (payment_id) WHERE payment_id IS NOT NULL;

CREATE TABLE reservations (
    reservation_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts,
    reference text NOT NULL,
    reserved bigint NOT NULL CHECK (reserved > 0),
    charged bigint NOT NULL CHECK (charged >= 0),
    refunded bigint NOT NULL CHECK (refunded >= 0),
    state text NOT NULL CHECK (state IN ('held', 'charged', 'refunded')),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CHECK ((state = 'held') = (settled_at IS NULL)),
    CHECK (charged + refunded = CASE WHEN state = 'held' THEN 0 ELSE reserved END)
);
CREATE INDEX reservations_reference ON reservations (reference);
CREATE INDEX reservations_overdue ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_account ON reservations (account_id, created_at);

CREATE TABLE reservation_lines (
    reservation_id text NOT NULL REFERENCES reservations,
    position integer NOT NULL,
    account_id text NOT NULL,
    grant_id text NOT NULL REFERENCES lots,
    amount bigint NOT NULL CHECK (amount > 0),
    charged bigint NOT NULL CHECK (charged >= 0),
    returned bigint NOT NULL CHECK (returned >= 0),
    PRIMARY KEY (reservation_id, position),
    CHECK (charged + returned IN (0, amount))
);
CREATE INDEX reservation_lines_grant ON reservation_lines (grant_id);

-- Kept for ever, refusals included: the same id never decides twice.
CREATE TABLE requests (
    request_id text PRIMARY KEY,
    account_id text NOT NULL,
    command text NOT NULL,
    fingerprint text NOT NULL,
    made_id text,
    refusal_reason text,
    refusal_details jsonb,
    created_at timestamptz NOT NULL,
    CHECK ((made_id IS NULL) <> (refusal_reason IS NULL))
);

-- The journal. One row is one movement between books; its columns sum to zero or it can't be written.
CREATE TABLE entries (
    entry_id text PRIMARY KEY,
    transaction_id text NOT NULL,
    account_id text NOT NULL REFERENCES accounts,
    sequence bigint NOT NULL CHECK (sequence > 0),
    kind text NOT NULL CHECK (kind IN
        ('grant', 'reserve', 'charge', 'refund', 'expire', 'clawback', 'adjust', 'reset')),
    category text NOT NULL CHECK (category IN ('subscription', 'promotional', 'paid')),
    available bigint NOT NULL,
    held bigint NOT NULL,
    world bigint NOT NULL,
    revenue bigint NOT NULL,
    breakage bigint NOT NULL,
    debt bigint NOT NULL,
    adjustment bigint NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    held_after bigint NOT NULL CHECK (held_after >= 0),
    request_id text,
    grant_id text,
    reservation_id text,
    reference text,
    payment_id text,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    UNIQUE (account_id, sequence),
    CONSTRAINT entries_sum_to_zero
        CHECK (available + held + world + revenue + breakage + debt + adjustment = 0)
);
CREATE INDEX entries_reservation ON entries (reservation_id) WHERE reservation_id IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER requests_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

USER_OWNED = ("accounts", "lots", "reservations", "reservation_lines", "requests", "entries")

PRIVILEGES = {
    "accounts": "SELECT, INSERT, UPDATE",
    "lots": "SELECT, INSERT, UPDATE",
    "reservations": "SELECT, INSERT, UPDATE",
    "reservation_lines": "SELECT, INSERT, UPDATE",
    "requests": "SELECT, INSERT",
    "entries": "SELECT, INSERT",
    "outbox": "SELECT, INSERT, DELETE",
    "inbox": "SELECT, INSERT",
}


def upgrade() -> None:
    """Create the schema and grant the service's role the least it needs."""
    op.execute(TABLES)
    op.execute(OUTBOX_DDL)
    op.execute(INBOX_DDL)
    for table in USER_OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (account_id, '*'))"
        )
    role = Identifier(os.environ.get("LEDGER_SERVICE_ROLE", "ledger_service")).as_string()
    for table, privileges in PRIVILEGES.items():
        op.execute(f"GRANT {privileges} ON {table} TO {role}")
