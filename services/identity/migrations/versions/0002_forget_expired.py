"""Let the service clear away what expired a month ago, without a right to delete anything else."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0002"
down_revision = "0001"

SCHEMA = """
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
CREATE INDEX mail_tokens_by_expiry ON mail_tokens (expires_at);
CREATE INDEX outgoing_mail_finished ON outgoing_mail (finished_at) WHERE state <> 'queued';

-- Runs as the owner, and still only inside the caller's row level security scope.
CREATE FUNCTION forget_expired(batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    cutoff constant timestamptz := now() - interval '30 days';
    deleted integer;
    total integer := 0;
BEGIN
    -- A used token is kept until it would have expired anyway, so that its reuse is noticed.
    DELETE FROM refresh_tokens WHERE token_digest IN
        (SELECT token_digest FROM refresh_tokens WHERE expires_at < cutoff ORDER BY expires_at LIMIT batch);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
    DELETE FROM mail_tokens WHERE token_digest IN
        (SELECT token_digest FROM mail_tokens WHERE expires_at < cutoff ORDER BY expires_at LIMIT batch);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
    DELETE FROM outgoing_mail WHERE mail_id IN
        (SELECT mail_id FROM outgoing_mail WHERE state <> 'queued' AND finished_at < cutoff
         ORDER BY finished_at LIMIT batch);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
    DELETE FROM sessions WHERE session_id IN
        (SELECT session_id FROM sessions s WHERE created_at < cutoff
         AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.session_id) LIMIT batch);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN total + deleted;
END
$$;
REVOKE ALL ON FUNCTION forget_expired(integer) FROM PUBLIC;
"""


def upgrade() -> None:
    """Create the function and let the service's role call it."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(SCHEMA)
    op.execute(f"GRANT EXECUTE ON FUNCTION forget_expired(integer) TO {role}")
