"""The tables that migrations/ creates, as SQLAlchemy Core sees them."""

from chassis.inbox import inbox_table
from chassis.outbox import outbox_table
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    Column("avatar_version", Text),
    Column("role", Text, nullable=False),
    Column("email_verified_at", _Time),
    Column("disabled_at", _Time),
    Column("welcome", Text, nullable=False),
    Column("erased_from", _Time),
    Column("erasure_revision", BigInteger, nullable=False),
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
    Column("client_address", Text),
    Column("browser", Text),
    Column("system", Text),
    Column("last_used_at", _Time),
    Column("proven_at", _Time),
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

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("key_digest", LargeBinary, nullable=False),
    Column("hint", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("model_ids", ARRAY(Text), nullable=False),
    Column("expires_at", _Time),
    Column("monthly_credits_max", BigInteger),
    Column("created_at", _Time, nullable=False),
    Column("last_used_at", _Time),
    Column("revoked_at", _Time),
)

linked_identities = Table(
    "linked_identities",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("email", Text),
    Column("linked_at", _Time, nullable=False),
)

waiting_links = Table(
    "waiting_links",
    metadata,
    Column("token_digest", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("email", Text),
    Column("created_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("used_at", _Time),
)

sign_in_flows = Table(
    "sign_in_flows",
    metadata,
    Column("state_digest", LargeBinary, primary_key=True),
    Column("browser_digest", LargeBinary, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("user_id", Text),
    Column("expires_at", _Time, nullable=False),
    Column("used_at", _Time),
)

invitations = Table(
    "invitations",
    metadata,
    Column("email", Text, primary_key=True),
    Column("token_digest", LargeBinary, nullable=False),
    Column("invited_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("confirmed_at", _Time),
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("code_digest", LargeBinary, primary_key=True),
    Column("used_at", _Time),
)

sign_in_challenges = Table(
    "sign_in_challenges",
    metadata,
    Column("token_digest", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("is_known_device", Boolean, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used_at", _Time),
)

avatars = Table(
    "avatars",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("picture", LargeBinary, nullable=False),
    Column("version", Text, nullable=False),
    Column("updated_at", _Time, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("passkey_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", ARRAY(Text), nullable=False),
    Column("name", Text, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("last_used_at", _Time),
    Column("copy_seen_at", _Time),
)

passkey_ceremonies = Table(
    "passkey_ceremonies",
    metadata,
    Column("challenge_digest", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", Text),
    Column("expires_at", _Time, nullable=False),
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
    Column("address", Text),
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

audit_records = Table(
    "audit_records",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("session_id", Text),
    Column("client_address", Text),
    Column("subject", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("reason", Text),
    Column("occurred_at", _Time, nullable=False),
)

erasures = Table(
    "erasures",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("erased_at", _Time, nullable=False),
)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
