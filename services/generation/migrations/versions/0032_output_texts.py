"""Texts of a few kilobytes are kept here, beside the outputs that they are, and not in the store."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0032"
down_revision = "0031"

SCHEMA = """
-- Of a process that does not know the column, files are where they always were.
ALTER TABLE outputs ADD COLUMN is_inline boolean NOT NULL DEFAULT false;

-- Apart from what lists of outputs read. It goes with its output.
CREATE TABLE output_texts (
    output_id text NOT NULL REFERENCES outputs ON DELETE CASCADE,
    -- The output's bytes, or the whole answer that it is of.
    part text NOT NULL CHECK (part IN ('content', 'answer')),
    account_id text NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 8192),
    PRIMARY KEY (output_id, part)
);
ALTER TABLE output_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE output_texts FORCE ROW LEVEL SECURITY;
CREATE POLICY one_account ON output_texts USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = ANY (string_to_array(current_setting('app.account', true), ',')) END
);
"""
# As it was; texts go with their outputs, and nothing of theirs is in the store.
ERASE_ACCOUNT = """
CREATE OR REPLACE FUNCTION erase_account(erased text, batch integer, at timestamptz) RETURNS integer
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
        RETURNING CASE WHEN is_inline THEN NULL ELSE object_key END AS own_key, thumbnail_key, answer_key
    ), files AS (
        INSERT INTO deletions (object_key, due_at)
        SELECT key, at FROM gone, unnest(ARRAY[own_key, thumbnail_key, answer_key]) AS key
        WHERE key IS NOT NULL
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
            AND c.relname NOT IN (
                'generations', 'attempts', 'outputs', 'output_texts', 'uploads', 'awaited_uploads', 'erasures'
            )
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
"""


def upgrade() -> None:
    """Add the table: what is there stays in the store."""
    role = Identifier(os.environ.get("GENERATION_SERVICE_ROLE", "generation_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT SELECT, INSERT, DELETE ON output_texts TO {role}")
    op.execute(ERASE_ACCOUNT)
