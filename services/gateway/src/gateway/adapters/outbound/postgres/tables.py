"""The tables that migrations/ creates, as SQLAlchemy Core sees them."""

import sqlalchemy as sa

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
