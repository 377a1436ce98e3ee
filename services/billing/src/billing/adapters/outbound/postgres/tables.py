"""Billing's tables, as SQLAlchemy sees them; the migrations define them."""

from chassis.outbox import outbox_table
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()
outbox = outbox_table(metadata)

customers = Table(
    "customers", metadata, Column("user_id", Text, primary_key=True), Column("customer_id", Text)
)

checkouts = Table(
    "checkouts",
    metadata,
    Column("checkout_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("user_id", "idempotency_key", "pack_id", "pack_title")),
    Column("credits", BigInteger),
    Column("price_minor", BigInteger),
    *(Column(name, Text) for name in ("currency", "session_id", "url", "status", "payment_status")),
    *(
        Column(name, Text)
        for name in ("purchase_id", "fingerprint", "plan_id", "interval", "subscription_id")
    ),
    Column("page", Integer),
    *(
        Column(name, DateTime(timezone=True))
        for name in ("created_at", "opened_at", "expires_at", "asked_at", "next_check_at")
    ),
)

purchases = Table(
    "purchases",
    metadata,
    Column("purchase_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("user_id", "checkout_id", "pack_id", "pack_title")),
    Column("credits", BigInteger),
    Column("amount_minor", BigInteger),
    Column("currency", Text),
    Column("payment_id", Text),
    Column("created_at", DateTime(timezone=True)),
    Column("refunded_minor", BigInteger),
    Column("refunded_credits", BigInteger),
    Column("refund_series", Integer),
    Column("invoice_id", Text),
)

refunds = Table(
    "refunds",
    metadata,
    Column("refund_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("purchase_id", "user_id", "status")),
    Column("amount_minor", BigInteger),
)

refund_orders = Table(
    "refund_orders",
    metadata,
    Column("order_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("purchase_id", "user_id", "payment_id", "reason", "actor")),
    *(Column(name, Text) for name in ("idempotency_key", "state", "refund_id", "refusal")),
    Column("asked_minor", BigInteger),
    Column("amount_minor", BigInteger),
    *(Column(name, DateTime(timezone=True)) for name in ("created_at", "due_at")),
)

disputes = Table(
    "disputes",
    metadata,
    Column("dispute_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("purchase_id", "user_id", "payment_id", "currency", "state")),
    Column("disputed_minor", BigInteger),
    Column("disputed_credits", BigInteger),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscription_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("user_id", "plan_id")),
    *(
        Column(name, DateTime(timezone=True))
        for name in ("began_at", "allocated_from", "next_allocation_at", "ended_at")
    ),
    *(Column(name, Text) for name in ("processor_id", "interval", "status")),
    Column("price_minor", BigInteger),
    Column("currency", Text),
    *(
        Column(name, DateTime(timezone=True))
        for name in ("anchor", "period_start", "period_end", "trial_end", "cancels_at")
    ),
    *(Column(name, Text) for name in ("next_plan_id", "next_interval")),
    Column("next_at", DateTime(timezone=True)),
)

allocations = Table(
    "allocations",
    metadata,
    Column("subscription_id", Text, primary_key=True),
    Column("starts_at", DateTime(timezone=True), primary_key=True),
    Column("ends_at", DateTime(timezone=True)),
    *(Column(name, Text) for name in ("user_id", "plan_id")),
    Column("credits", BigInteger),
    Column("is_raise", Boolean),
    Column("invoice_id", Text),
)

subscription_revisions = Table(
    "subscription_revisions",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("revision", BigInteger),
    Column("opened", ARRAY(Text)),
)

promotions = Table(
    "promotions",
    metadata,
    Column("code", Text, primary_key=True),
    Column("credits", BigInteger),
    Column("credits_last", Interval),
    Column("valid_until", DateTime(timezone=True)),
    Column("redemptions_max", Integer),
    Column("redemptions", Integer),
    Column("created_at", DateTime(timezone=True)),
)

redemptions = Table(
    "redemptions",
    metadata,
    Column("redemption_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("user_id", "code")),
    Column("credits", BigInteger),
    Column("expires_at", DateTime(timezone=True)),
    Column("idempotency_key", Text),
    Column("created_at", DateTime(timezone=True)),
)

departures = Table(
    "departures",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("revision", BigInteger),
    Column("erased_from", DateTime(timezone=True)),
    Column("set_to_end", Text),
    Column("due_at", DateTime(timezone=True)),
    Column("claimed_until", DateTime(timezone=True)),
)

erasures = Table(
    "erasures",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("begun_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
)

referral_codes = Table(
    "referral_codes",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("code", Text),
    Column("created_at", DateTime(timezone=True)),
)

referrals = Table(
    "referrals",
    metadata,
    Column("invited_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("inviter_id", "code", "state", "purchase_id")),
    *(Column(name, DateTime(timezone=True)) for name in ("claimed_at", "paid_at", "due_at", "ended_at")),
)

auto_top_ups = Table(
    "auto_top_ups",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("threshold_credits", BigInteger),
    Column("pack_id", Text),
    Column("purchases_max", Integer),
    *(Column(name, Text) for name in ("status", "reason")),
    Column("refusals", Integer),
    *(Column(name, BigInteger) for name in ("available", "sequence")),
    *(Column(name, Text) for name in ("in_flight", "authenticates")),
    Column("is_paid", Boolean),
    Column("due_at", DateTime(timezone=True)),
    Column("price_minor", BigInteger),
    Column("currency", Text),
)

top_ups = Table(
    "top_ups",
    metadata,
    Column("checkout_id", Text, primary_key=True),
    *(Column(name, Text) for name in ("user_id", "customer_id", "state")),
    Column("created_at", DateTime(timezone=True)),
)

scans = Table(
    "processor_scans",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", DateTime(timezone=True)),
    Column("begun_at", DateTime(timezone=True)),
    Column("after", Text),
)

processor_prices = Table(
    "processor_prices",
    metadata,
    Column("price_name", Text, primary_key=True),
    Column("article_id", Text),
    Column("price_minor", BigInteger),
    *(Column(name, Text) for name in ("currency", "interval")),
    Column("is_on_sale", Boolean),
    Column("asked_at", DateTime(timezone=True)),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("kind", Text),
    *(
        Column(name, Text)
        for name in ("session_id", "payment_id", "dispute_id", "subscription_id", "invoice_id")
    ),
    *(Column(name, Text) for name in ("article_id", "customer_id")),
    Column("body", LargeBinary),
    Column("received_at", DateTime(timezone=True)),
    Column("state", Text),
    Column("attempts", Integer),
    Column("due_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("error", Text),
    Column("cause", Text),
    Column("lease_token", Text),
)
