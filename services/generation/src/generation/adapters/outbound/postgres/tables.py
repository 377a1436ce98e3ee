"""The tables, as migrations/versions make them."""

from chassis.inbox import inbox_table
from chassis.outbox import outbox_table
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
moment = DateTime(timezone=True)

generations = Table(
    "generations",
    metadata,
    Column("generation_id", Text, primary_key=True),
    Column("account_id", Text),
    Column("model_id", Text),
    Column("modality", Text),
    Column("status", Text),
    Column("input", JSONB),
    Column("provider_order", ARRAY(Text)),
    Column("metadata", JSONB),
    Column("price_credits", BigInteger),
    Column("price_units", BigInteger),
    Column("price_breakdown", Text),
    Column("idempotency_key", Text),
    Column("fingerprint", Text),
    Column("progress", Float),
    Column("reservation_id", Text),
    Column("credits_charged", BigInteger),
    Column("cancel_requested", Boolean),
    Column("available_credits", BigInteger),
    Column("failure_reason", Text),
    Column("failure_detail", Text),
    Column("created_at", moment),
    Column("deadline_at", moment),
    Column("started_at", moment),
    Column("finished_at", moment),
    Column("deleted_at", moment),
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Text, primary_key=True),
    Column("generation_id", Text),
    Column("account_id", Text),
    Column("number", Integer),
    Column("provider", Text),
    Column("worker", Text),
    Column("lease_until", moment),
    Column("run_id", Text),
    Column("outcome", Text),
    Column("detail", Text),
    Column("reason", Text),
    Column("started_at", moment),
    Column("finished_at", moment),
    Column("not_before", moment),
    Column("submitted", Boolean),
    Column("tries", Integer),
)

spooled_answers = Table(
    "spooled_answers",
    metadata,
    Column("attempt_id", Text, primary_key=True),
    Column("generation_id", Text),
    Column("account_id", Text),
    Column("document", Text),
)

spooled_pieces = Table(
    "spooled_pieces",
    metadata,
    Column("attempt_id", Text, primary_key=True),
    Column("output", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("account_id", Text),
    Column("content", LargeBinary),
)

outputs = Table(
    "outputs",
    metadata,
    Column("output_id", Text, primary_key=True),
    Column("generation_id", Text),
    Column("account_id", Text),
    Column("position", Integer),
    Column("object_key", Text),
    Column("media_type", Text),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_s", Float),
    Column("thumbnail_key", Text),
    Column("incomplete", Text),
)

deletions = Table(
    "deletions",
    metadata,
    Column("object_key", Text, primary_key=True),
    Column("due_at", moment),
)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
