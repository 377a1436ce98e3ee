"""Jobs that run in the call that asked for them, and the whole answers that are kept beside their texts."""

from alembic import op

revision = "0028"
down_revision = "0027"

COLUMNS = """
ALTER TABLE generations ADD COLUMN is_interactive boolean NOT NULL DEFAULT false;
ALTER TABLE outputs ADD COLUMN answer_key text UNIQUE;
"""
# As it was, and answers go with their outputs.
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
        RETURNING object_key, thumbnail_key, answer_key
    ), files AS (
        INSERT INTO deletions (object_key, due_at)
        SELECT key, at FROM gone, unnest(ARRAY[object_key, thumbnail_key, answer_key]) AS key
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
"""


def upgrade() -> None:
    """Add them: what is there was made by workers, and has no such answer."""
    op.execute(COLUMNS)
    op.execute(ERASE_ACCOUNT)
