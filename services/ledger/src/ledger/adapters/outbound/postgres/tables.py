"""The ledger's tables, as SQLAlchemy sees them; the migrations define them."""

from chassis.inbox import inbox_table
from chassis.outbox import outbox_table
from sqlalchemy import BigInteger, Boolean, Column, Computed, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)

BOOKS = ("available", "held", "world", "revenue", "breakage", "debt", "adjustment")


def _time(name: str) -> "Column[object]":
    return Column(name, DateTime(timezone=True))


accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    *(Column(name, BigInteger) for name in ("available", "held", "debt", "sequence")),
    _time("updated_at"),
)

lots = Table(
    "lots",
    metadata,
    Column("grant_id", Text, primary_key=True),
    Column("account_id", Text),
    Column("category", Text),
    *(
        Column(name, BigInteger)
        for name in ("amount", "remaining", "held", "spent", "expired", "clawed_back")
    ),
    Column("priority", Integer),
    _time("effective_at"),
    _time("expires_at"),
    Column("source", Text),
    Column("payment_id", Text),
    _time("created_at"),
    Column("drained", Boolean, Computed("remaining = 0")),
)

reservations = Table(
    "reservations",
    metadata,
    Column("reservation_id", Text, primary_key=True),
    Column("account_id", Text),
    Column("reference", Text),
    *(Column(name, BigInteger) for name in ("reserved", "charged", "refunded")),
    Column("state", Text),
    Column("line_grants", ARRAY(Text)),
    *(Column(name, ARRAY(BigInteger)) for name in ("line_amounts", "line_charged")),
    Column("budgets", JSONB),
    _time("expires_at"),
    _time("created_at"),
    _time("settled_at"),
)

entries = Table(
    "entries",
    metadata,
    Column("entry_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("transaction_id", "account_id")),
    Column("sequence", BigInteger),
    *(Column(name, Text) for name in ("kind", "category")),
    *(Column(name, BigInteger) for name in (*BOOKS, "balance_after", "held_after")),
    *(Column(name, Text) for name in ("request_id", "grant_id", "reservation_id", "reference", "payment_id")),
    *(Column(name, Text) for name in ("actor", "reason")),
    _time("created_at"),
    Column("metadata", JSONB),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("account_id", "command", "fingerprint", "made_id", "refusal_reason")),
    Column("refusal_details", JSONB),
    _time("created_at"),
)

clawbacks = Table(
    "clawbacks",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("account_id", Text),
    Column("granted", BigInteger),
    *(Column(name, JSONB) for name in ("targets", "reinstated")),
    *(Column(name, BigInteger) for name in ("taken", "from_own_lot")),
)

budgets = Table(
    "budgets",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account_id", "scope", "period")),
    Column("starts_on", Date, primary_key=True),
    Column("used", BigInteger),
)
