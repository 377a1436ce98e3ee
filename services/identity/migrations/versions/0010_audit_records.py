"""Support, records of what people with a role did, and rules that no code can leave out."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0010"
down_revision = "0009"

# Whom a record is about may be gone, or never have been anybody: nothing refers to `users`.
RECORDS = """
ALTER TABLE users DROP CONSTRAINT users_role_check;
ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'support', 'admin'));

CREATE TABLE audit_records (
    record_id text PRIMARY KEY,
    action text NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    session_id text,
    client_address text,
    subject text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason text CHECK (char_length(reason) <= 500),
    occurred_at timestamptz NOT NULL
);
CREATE INDEX audit_records_by_time ON audit_records (occurred_at, record_id);
CREATE INDEX audit_records_by_subject ON audit_records (subject, occurred_at, record_id);
CREATE INDEX audit_records_by_actor ON audit_records (actor, occurred_at, record_id);
ALTER TABLE audit_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_records FORCE ROW LEVEL SECURITY;
-- Whoever changes an account records it there; to read them is nobody's own business.
CREATE POLICY recorded ON audit_records FOR INSERT
    WITH CHECK (current_setting('app.account', true) IN (subject, '*'));
CREATE POLICY read ON audit_records FOR SELECT USING (current_setting('app.account', true) = '*');

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# They see every account, as whoever owns the tables; what they answer is whether it may be.
RULES = """
CREATE FUNCTION require_record_of_role() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public AS $$
DECLARE
    scope text := current_setting('app.account', true);
BEGIN
    PERFORM set_config('app.account', '*', true);
    IF NOT EXISTS (
        SELECT 1 FROM audit_records
        WHERE subject = NEW.user_id AND action = 'role.changed' AND after ->> 'role' = NEW.role
            AND xmin = pg_current_xact_id()::xid
    ) THEN
        RAISE EXCEPTION 'a role changes together with its record' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('app.account', scope, true);
    RETURN NULL;
END $$;
CREATE TRIGGER users_role_is_recorded AFTER UPDATE OF role ON users
    FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role) EXECUTE FUNCTION require_record_of_role();

CREATE FUNCTION keep_an_administrator() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public AS $$
DECLARE
    scope text := current_setting('app.account', true);
BEGIN
    PERFORM set_config('app.account', '*', true);
    -- Two administrators who remove each other take turns: the second one sees what the first did.
    PERFORM pg_advisory_xact_lock(hashtextextended('identity.administrators', 0));
    IF NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL) THEN
        RAISE EXCEPTION 'nobody would be left who gives roles' USING ERRCODE = 'TT001';
    END IF;
    PERFORM set_config('app.account', scope, true);
    RETURN NULL;
END $$;
CREATE TRIGGER users_keep_an_administrator AFTER UPDATE OF role, disabled_at ON users
    FOR EACH ROW WHEN (
        OLD.role = 'admin' AND OLD.disabled_at IS NULL
        AND NOT (NEW.role = 'admin' AND NEW.disabled_at IS NULL)
    ) EXECUTE FUNCTION keep_an_administrator();
"""


def upgrade() -> None:
    """Add the records, which the service writes and reads, and let it change a role that is recorded."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    op.execute(RECORDS)
    op.execute(RULES)
    op.execute(f"GRANT SELECT, INSERT ON audit_records TO {role}")
    op.execute(f"GRANT UPDATE (role) ON users TO {role}")
