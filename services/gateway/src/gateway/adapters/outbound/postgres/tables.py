"""The tables that migrations/ creates, as SQLAlchemy Core sees them."""

import sqlalchemy as sa
from chassis.inbox import inbox_table
from sqlalchemy.dialects.postgresql import ARRAY

metadata = sa.MetaData()
sessions = sa.Table(
    "console_sessions",
    metadata,
    sa.Column("cookie_digest", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("csrf_token", sa.Text, nullable=False),
    sa.Column("access_token_sealed", sa.LargeBinary, nullable=False),
    sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("refresh_token_sealed", sa.LargeBinary, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("refreshing_until", sa.DateTime(timezone=True)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("idle_expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
)
inbox = inbox_table(metadata)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True))


webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    sa.Column("endpoint_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("event_types", ARRAY(sa.Text)),
    sa.Column("description", sa.Text),
    sa.Column("secret_sealed", sa.LargeBinary),
    sa.Column("previous_secret_sealed", sa.LargeBinary),
    _moment("previous_secret_until"),
    sa.Column("disabled_reason", sa.Text),
    _moment("disabled_at"),
    sa.Column("owner_told", sa.Boolean),
    _moment("failing_since"),
    _moment("created_at"),
    sa.Column("request_key_digest", sa.Text),
    sa.Column("request_asked_digest", sa.Text),
)
webhook_account_secrets = sa.Table(
    "webhook_account_secrets",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("secret_sealed", sa.LargeBinary),
    sa.Column("previous_secret_sealed", sa.LargeBinary),
    _moment("previous_secret_until"),
)
webhook_callbacks = sa.Table(
    "webhook_callbacks",
    metadata,
    sa.Column("callback_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("event_types", ARRAY(sa.Text)),
    sa.Column("generation_id", sa.Text),
    _moment("created_at"),
)
webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text),
    sa.Column("endpoint_id", sa.Text),
    sa.Column("callback_id", sa.Text),
    sa.Column("receiver", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("message_id", sa.Text),
    sa.Column("event_type", sa.Text),
    sa.Column("payload", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("attempts", sa.Integer),
    _moment("due_at"),
    _moment("taken_until"),
    _moment("created_at"),
    _moment("finished_at"),
    _moment("attempted_at"),
    sa.Column("duration_ms", sa.Integer),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("response", sa.Text),
)
