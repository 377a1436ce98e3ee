"""An identity that was in use before keeps everything through the migrations."""

from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from embedded.testing import ServiceDatabase
from identity.domain.mailbox import mailbox_digest
from identity.domain.user import EmailAddress

pytestmark = pytest.mark.server

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
ADDRESSES = (
    "ada@example.com",
    "Ada+Shop@Example.com",
    "a.d.a@GoogleMail.com",
    "+ada@example.com",
    "...@gmail.com",
    "b.ob+x@example.org",
)


def test_whoever_was_there_was_welcomed(
    empty_database: ServiceDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their mailboxes, as the code of today writes them; and an older replica may still add people."""
    monkeypatch.setenv("IDENTITY_SERVICE_ROLE", "library_service")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", empty_database.owner_url.replace("%", "%%"))
    command.upgrade(config, "0002")
    add = (
        "INSERT INTO users (user_id, email, full_name, avatar_url, role, created_at) "
        "VALUES (%s, %s, '', '', 'user', now())"
    )
    with psycopg.connect(empty_database.admin_dsn) as admin:
        for number, email in enumerate(ADDRESSES):
            admin.execute(add, (f"usr_{number}", email))
        admin.execute("INSERT INTO sessions VALUES ('ses_1', 'usr_1', now(), now(), 'password_reset')")
    command.upgrade(config, "head")
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(add, ("usr_late", "late@example.com"))
        states = admin.execute("SELECT DISTINCT welcome FROM users").fetchall()
        claims = {bytes(row[0]) for row in admin.execute("SELECT mailbox_digest FROM welcomed_mailboxes")}
        reasons = admin.execute("SELECT end_reason FROM sessions").fetchall()
    assert (states, reasons) == ([("given",)], [("password_reset",)])
    assert claims == {mailbox_digest(EmailAddress(email)) for email in ADDRESSES}
    assert len(claims) == len(ADDRESSES) - 1
