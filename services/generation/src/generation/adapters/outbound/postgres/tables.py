"""The tables, as migrations/versions make them."""

from chassis.inbox import inbox_table
from chassis.outbox import outbox_table
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

from generation.adapters.outbound.postgres.columns import moment
from generation.adapters.outbound.postgres.rows import (
    ATTEMPTS,
    AWAITED_UPLOADS,
    COLLECTIONS,
    ENTITLEMENTS,
    GENERATIONS,
    OUTPUTS,
    SHARES,
    UPLOADS,
    USED_MEDIA,
)

metadata = MetaData()

# The prompt as it is searched follows from the input, and is read back by nobody.
generations = Table("generations", metadata, *GENERATIONS.columns(), Column("search_text", Text))

attempts = Table("attempts", metadata, *ATTEMPTS.columns())

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

outputs = Table("outputs", metadata, *OUTPUTS.columns())

shares = Table("shares", metadata, *SHARES.columns())

entitlements = Table("entitlements", metadata, *ENTITLEMENTS.columns())

# Names are told apart by what follows from them, which is read back by nobody.
collections = Table("collections", metadata, *COLLECTIONS.columns(), Column("name_key", Text))

collected = Table(
    "collected",
    metadata,
    Column("collection_id", Text, primary_key=True),
    Column("generation_id", Text, primary_key=True),
    Column("account_id", Text),
)

uploads = Table("uploads", metadata, *UPLOADS.columns())

awaited_uploads = Table("awaited_uploads", metadata, *AWAITED_UPLOADS.columns())

used_media = Table("used_media", metadata, *USED_MEDIA.columns())

erasures = Table(
    "erasures",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("begun_at", moment),
    Column("finished_at", moment),
)

deletions = Table(
    "deletions",
    metadata,
    Column("object_key", Text, primary_key=True),
    Column("due_at", moment),
)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
