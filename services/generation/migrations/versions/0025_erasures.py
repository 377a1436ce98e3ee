"""Accounts can be erased: which are, and what is deleted of them, some rows at a time."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0025"
down_revision = "0024"

SCHEMA = """
-- Stays for good: whatever is heard of an erased account later makes nothing new of it.
CREATE TABLE erasures (
    account_id text PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz CHECK (finished_at >= begun_at)
);
CREATE INDEX erasures_open ON erasures (begun_at) WHERE finished_at IS NULL;
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON erasures USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = current_setting('app.account', true) END
);

-- Runs as the owner, and still only inside the caller's row level security scope. Jobs and tries stay, for
-- the books, without anything that somebody wrote, named or was shown; every other table that has an account
-- is emptied, of whatever feature it is. Zero: nothing is left. Called when no job of the account is open.
CREATE FUNCTION erase_account(erased text, batch integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    owned text;
    deleted integer;
    total integer := 0;
    waits boolean := false;
BEGIN
    IF current_setting('app.account') <> erased THEN
        RAISE EXCEPTION 'the transaction is not of this account';
    END IF;
    WITH gone AS (
        DELETE FROM outputs WHERE output_id IN
            (SELECT output_id FROM outputs WHERE account_id = erased LIMIT batch)
        RETURNING object_key, thumbnail_key
    ), files AS (
        INSERT INTO deletions (object_key, due_at)
        SELECT key, at FROM gone, unnest(ARRAY[object_key, thumbnail_key]) AS key WHERE key IS NOT NULL
        ON CONFLICT (object_key) DO UPDATE SET due_at = excluded.due_at
    )
    SELECT count(*) INTO deleted FROM gone;
    total := total + deleted;
    WITH gone AS (
        DELETE FROM uploads WHERE upload_id IN
            (SELECT upload_id FROM uploads WHERE account_id = erased LIMIT batch)
        RETURNING object_key, thumbnail_key
    ), files AS (
        INSERT INTO deletions (object_key, due_at)
        SELECT key, at FROM gone, unnest(ARRAY[object_key, thumbnail_key]) AS key WHERE key IS NOT NULL
        ON CONFLICT (object_key) DO UPDATE SET due_at = excluded.due_at
    )
    SELECT count(*) INTO deleted FROM gone;
    total := total + deleted;
    WITH gone AS (
        DELETE FROM awaited_uploads WHERE upload_id IN
            (SELECT upload_id FROM awaited_uploads WHERE account_id = erased LIMIT batch)
        RETURNING object_key
    ), files AS (
        -- For as long as the store may still take it.
        INSERT INTO deletions (object_key, due_at) SELECT object_key, at + interval '2 hours' FROM gone
        ON CONFLICT (object_key) DO UPDATE SET due_at = excluded.due_at
    )
    SELECT count(*) INTO deleted FROM gone;
    total := total + deleted;
    FOR owned IN
        SELECT c.relname FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND c.relname NOT IN
                ('generations', 'attempts', 'outputs', 'uploads', 'awaited_uploads', 'erasures')
    LOOP
        BEGIN
            EXECUTE format(
                'DELETE FROM %1$I WHERE ctid = ANY'
                '(ARRAY(SELECT ctid FROM %1$I WHERE account_id = $1 LIMIT $2))',
                owned
            ) USING erased, batch;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            total := total + deleted;
        EXCEPTION WHEN foreign_key_violation THEN
            -- Another one leans on it, and is emptied first.
            waits := true;
        END;
    END LOOP;
    UPDATE attempts SET detail = '', run_id = NULL WHERE attempt_id IN (
        SELECT attempt_id FROM attempts WHERE account_id = erased AND (detail <> '' OR run_id IS NOT NULL)
        LIMIT batch
    );
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
    UPDATE generations SET
        input = '{}', metadata = '{}', search_text = '', price_breakdown = '', fingerprint = '',
        idempotency_key = generation_id, api_key_name = NULL, is_favourite = false,
        failure_detail = CASE WHEN failure_reason IS NULL THEN NULL ELSE '' END,
        deleted_at = coalesce(deleted_at, at), purge_at = NULL
    WHERE generation_id IN (
        SELECT generation_id FROM generations WHERE account_id = erased AND fingerprint <> '' LIMIT batch
    );
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
    IF waits AND total = 0 THEN
        RAISE EXCEPTION 'rows lean on each other in a circle';
    END IF;
    RETURN total;
END
$$;
REVOKE ALL ON FUNCTION erase_account(text, integer, timestamptz) FROM PUBLIC;
"""


def upgrade() -> None:
    """Add both, and let the service's role note what it does and ask for it."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, UPDATE (finished_at) ON erasures TO {role}")
    op.execute(f"GRANT EXECUTE ON FUNCTION erase_account(text, integer, timestamptz) TO {role}")
