"""The scope of several accounts: of those whose jobs are created in one transaction, and of nobody else."""

from alembic import op

revision = "0029"
down_revision = "0028"

# Sees what it saw before where there is one account: none has a comma in its name.
POLICY = """
ALTER POLICY one_account ON {table} USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = ANY (string_to_array(current_setting('app.account', true), ',')) END
)
"""


def upgrade() -> None:
    """Alter the policies of what a job that is created reads and writes."""
    for table in ("generations", "erasures"):
        op.execute(POLICY.format(table=table))
