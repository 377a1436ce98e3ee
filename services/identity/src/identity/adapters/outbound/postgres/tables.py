"""The tables that migrations/ creates, as SQLAlchemy Core sees them."""

from chassis.inbox import inbox_table
from chassis.outbox import outbox_table
from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

_Time = DateTime(timezone=True)

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("password_hash", Text),
    Column("full_name", Text, nullable=False),
    Column("avatar_url", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("email_verified_at", _Time),
    Column("disabled_at", _Time),
    Column("welcome", Text, nullable=False),
    Column("created_at", _Time, nullable=False),
)

welcomed_mailboxes = Table(
    "welcomed_mailboxes",
    metadata,
    Column("mailbox_digest", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("welcomed_at", _Time, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("ended_at", _Time),
    Column("end_reason", Text),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_digest", LargeBinary, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("issued_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("used_at", _Time),
)

mail_tokens = Table(
    "mail_tokens",
    metadata,
    Column("token_digest", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("used_at", _Time),
)

outgoing_mail = Table(
    "outgoing_mail",
    metadata,
    Column("mail_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", _Time, nullable=False),
    Column("state", Text, nullable=False),
    Column("finished_at", _Time),
    Column("details", JSONB, nullable=False),
)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
