"""Second factors: a sealed secret of each, hashed recovery codes, and sign-ins that wait for a code."""

import os

from alembic import op
from psycopg.sql import Identifier

revision = "0016"
down_revision = "0015"

TABLES = {
    "second_factors": """
        user_id text PRIMARY KEY REFERENCES users,
        sealed_secret bytea NOT NULL,
        created_at timestamptz NOT NULL,
        confirmed_at timestamptz,
        last_step bigint NOT NULL
    """,
    "recovery_codes": """
        user_id text NOT NULL REFERENCES users,
        code_digest bytea NOT NULL CHECK (octet_length(code_digest) = 32),
        used_at timestamptz,
        PRIMARY KEY (user_id, code_digest)
    """,
    "sign_in_challenges": """
        token_digest bytea PRIMARY KEY CHECK (octet_length(token_digest) = 32),
        user_id text NOT NULL REFERENCES users,
        is_known_device boolean NOT NULL,
        expires_at timestamptz NOT NULL,
        tries integer NOT NULL,
        used_at timestamptz
    """,
}


def upgrade() -> None:
    """Create the tables; what is taken away is deleted, secrets above all."""
    role = Identifier(os.environ.get("IDENTITY_SERVICE_ROLE", "identity_service")).as_string()
    for table, columns in TABLES.items():
        op.execute(f"CREATE TABLE {table} ({columns})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_account ON {table} "
            "USING (current_setting('app.account', true) IN (user_id, '*'))"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")
    op.execute("CREATE INDEX sign_in_challenges_by_user ON sign_in_challenges (user_id)")
