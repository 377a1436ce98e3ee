"""The hash chain, clawbacks, budgets, who decided; and rows shaped for writing many at once."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0003"
down_revision = "0002"

ACCOUNTS_AND_LOTS = """
-- When the account's last entry was written: a journal never runs backwards, whatever the clocks say.
ALTER TABLE accounts ADD COLUMN updated_at timestamptz NOT NULL DEFAULT 'epoch';
-- Room on each page, so that a balance is updated where it stands.
ALTER TABLE accounts SET (fillfactor = 50);

ALTER TABLE lots ADD COLUMN clawed_back bigint NOT NULL DEFAULT 0 CHECK (clawed_back >= 0);
ALTER TABLE lots DROP CONSTRAINT lots_check;
ALTER TABLE lots ADD CONSTRAINT lots_add_up
    CHECK (amount = remaining + held + spent + expired + clawed_back);
-- An index that names `remaining` would be written at every update of a lot.
ALTER TABLE lots ADD COLUMN drained boolean GENERATED ALWAYS AS (remaining = 0) STORED;
DROP INDEX lots_with_credits, lots_to_expire;
CREATE INDEX lots_with_credits ON lots (account_id) WHERE NOT drained;
CREATE INDEX lots_to_expire ON lots (expires_at) WHERE NOT drained AND expires_at IS NOT NULL;
CREATE INDEX lots_source ON lots (account_id, source) WHERE category = 'subscription';
ALTER TABLE lots SET (fillfactor = 50);
"""

# A reservation's lines are read and written with it, never alone: they are columns of its row. The
# account of an entry or a reservation is locked by whoever writes it, so a foreign key would only ask
# again, row by row, what is certain; Verify looks for orphans.
RESERVATIONS = """
ALTER TABLE reservations
    ADD COLUMN line_grants text[] NOT NULL DEFAULT '{}',
    ADD COLUMN line_amounts bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN line_charged bigint[] NOT NULL DEFAULT '{}',
    -- NULL for none.
    ADD COLUMN budgets jsonb;
UPDATE reservations r SET (line_grants, line_amounts, line_charged) =
    (SELECT array_agg(grant_id ORDER BY position), array_agg(amount ORDER BY position),
            array_agg(charged ORDER BY position)
     FROM reservation_lines l WHERE l.reservation_id = r.reservation_id);
DROP TABLE reservation_lines;
ALTER TABLE reservations
    ALTER COLUMN line_grants DROP DEFAULT, ALTER COLUMN line_amounts DROP DEFAULT,
    ALTER COLUMN line_charged DROP DEFAULT,
    DROP CONSTRAINT reservations_account_id_fkey,
    ADD CONSTRAINT reservations_lines_match CHECK (
        cardinality(line_grants) > 0 AND cardinality(line_grants) = cardinality(line_amounts)
        AND cardinality(line_grants) = cardinality(line_charged));
DROP INDEX reservations_account;
ALTER TABLE reservations SET (fillfactor = 70);
"""

# `xid` is what the sealer reads by: everything below the oldest running transaction is complete.
JOURNAL = """
ALTER TABLE entries
    ADD COLUMN actor text NOT NULL DEFAULT '',
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    DROP CONSTRAINT entries_account_id_fkey,
    DROP CONSTRAINT entries_pkey,
    DROP CONSTRAINT entries_account_id_sequence_key,
    ADD PRIMARY KEY (account_id, sequence);
DROP INDEX entries_reservation;
CREATE INDEX entries_xid ON entries (xid);
ALTER TABLE outbox DROP CONSTRAINT outbox_ce_id_key;

-- Each hash covers the entry and the hash before it, account by account.
CREATE TABLE sealed_entries (
    account_id text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, sequence)
);
-- Each seal covers the hashes that were made together and the seal before it: one chain of the whole.
CREATE TABLE seals (
    seal_id bigint PRIMARY KEY,
    entries bigint NOT NULL CHECK (entries > 0),
    accounts text[] NOT NULL,
    first_sequences bigint[] NOT NULL,
    last_sequences bigint[] NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    -- Every transaction below this one is covered by the seals up to this one.
    horizon xid8 NOT NULL,
    sealed_at timestamptz NOT NULL
);
CREATE TRIGGER sealed_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sealed_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

CLAWBACKS_AND_BUDGETS = """
-- What money that went back takes from a payment's credits, by cause. `taken` is in force now.
CREATE TABLE clawbacks (
    payment_id text PRIMARY KEY,
    account_id text NOT NULL,
    granted bigint NOT NULL CHECK (granted >= 0),
    targets jsonb NOT NULL,
    reinstated jsonb NOT NULL,
    taken bigint NOT NULL CHECK (taken >= 0),
    from_own_lot bigint NOT NULL CHECK (from_own_lot >= 0),
    CHECK (taken <= granted)
);

-- What was reserved under a budget in a period, less what returned.
CREATE TABLE budgets (
    account_id text NOT NULL,
    scope text NOT NULL,
    period text NOT NULL CHECK (period IN ('total', 'day', 'month')),
    starts_on date NOT NULL,
    used bigint NOT NULL CHECK (used >= 0),
    PRIMARY KEY (account_id, scope, period, starts_on)
);
"""

USER_OWNED = ("sealed_entries", "clawbacks", "budgets")

PRIVILEGES = {
    "sealed_entries": "SELECT, INSERT",
    "seals": "SELECT, INSERT",
    "clawbacks": "SELECT, INSERT, UPDATE",
    "budgets": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Change the tables and grant the service's role the least it needs."""
    op.execute("SELECT set_config('app.account', '*', true)")
    for statements in (ACCOUNTS_AND_LOTS, RESERVATIONS, JOURNAL, CLAWBACKS_AND_BUDGETS):
        op.execute(statements)
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
