"""Accounts can be erased: when, by a function of the owner's, and where that was done."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0011"
down_revision = "0010"

SCHEMA = """
ALTER TABLE users ADD COLUMN erased_from timestamptz;
CREATE INDEX users_leaving ON users (user_id) WHERE erased_from IS NOT NULL;

-- Which part of the product has erased what it kept of an account; the id names nobody any more.
CREATE TABLE erasures (
    user_id text NOT NULL,
    part text NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, part)
);
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON erasures USING (current_setting('app.account', true) IN (user_id, '*'));

-- Runs as the owner, and still only inside the caller's row level security scope. Whatever table names a
-- user, of whatever feature, is emptied: those first on which no other leans.
CREATE FUNCTION erase_user(erased text, nobody text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    scope constant text := current_setting('app.account');
    owned text;
    waits boolean;
BEGIN
    IF scope <> erased THEN
        RAISE EXCEPTION 'the transaction is not of this account';
    END IF;
    -- The digest stays, so that a mailbox is welcomed once; it names no account from now on.
    PERFORM set_config('app.account', '*', true);
    UPDATE welcomed_mailboxes SET user_id = nobody WHERE user_id = erased;
    PERFORM set_config('app.account', scope, true);
    -- Facts of others that could not be handled, and our own that carry more than an id.
    DELETE FROM dead_letters WHERE split_part(subject, '.', 5) = erased;
    DELETE FROM published_facts WHERE subject = 'tintype.identity.v1.user_registered.' || erased;
    FOR pass IN 1..10 LOOP
        waits := false;
        FOR owned IN
            SELECT c.relname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'erasures'
        LOOP
            BEGIN
                EXECUTE format('DELETE FROM %I WHERE user_id = $1', owned) USING erased;
            EXCEPTION WHEN foreign_key_violation THEN
                waits := true;
            END;
        END LOOP;
        IF NOT waits THEN
            RETURN;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'rows lean on each other in a circle';
END
$$;
REVOKE ALL ON FUNCTION erase_user(text, text) FROM PUBLIC;
"""


def upgrade() -> None:
    """Add all of it, and let the service's role ask for it."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT UPDATE (erased_from) ON users TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON erasures TO {role}")
    op.execute(f"GRANT EXECUTE ON FUNCTION erase_user(text, text) TO {role}")
