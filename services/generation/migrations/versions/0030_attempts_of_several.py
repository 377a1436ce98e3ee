"""The scope of several accounts, for the attempts of chats that begin in one transaction (0029)."""

from alembic import op

revision = "0030"
down_revision = "0029"

# As 0029 has it.
POLICY = """
ALTER POLICY one_account ON attempts USING (
    CASE current_setting('app.account', true) WHEN '*' THEN true
    ELSE account_id = ANY (string_to_array(current_setting('app.account', true), ',')) END
)
"""


def upgrade() -> None:
    """Alter the policy of what a chat writes as it begins."""
    op.execute(POLICY)
