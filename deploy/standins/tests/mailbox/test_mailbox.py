"""Mail sent by smtplib and read through the API and the pages."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from standins.mailbox.app import create_app
from standins.mailbox.settings import MailboxSettings
from standins.serving import running

KEPT = 3


@dataclass
class Mailbox:
    """A running mailbox."""

    url: str
    smtp_port: int

    def send(self, *to: str, subject: str = "Verify your address", html: str | None = None) -> None:
        """Send a mail, logged in as whoever."""
        message = EmailMessage()
        message["From"] = "tintype@example.com"
        message["To"] = ", ".join(to)
        message["Subject"] = subject
        message.set_content("Open https://example.com/verify?token=1&x=2 — grüße")
        if html:
            message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
            client.login("anyone", "anything")
            client.send_message(message)

    def listed(self, **query: str) -> list[dict[str, object]]:
        """The JSON list."""
        found: list[dict[str, object]] = httpx.get(f"{self.url}/messages", params=query).json()["data"]
        return found


@pytest.fixture
def settings(tmp_path: Path) -> MailboxSettings:
    """Free ports and a bound small enough to reach."""
    return MailboxSettings(
        smtp_listen="127.0.0.1:0", data_folder=tmp_path, kept_count=KEPT, message_bytes_max=4096
    )


@pytest.fixture
def mailbox(settings: MailboxSettings) -> Iterator[Mailbox]:
    """The running mailbox."""
    app = create_app(settings)
    with running(app) as url:
        yield Mailbox(url, app.state.smtp_port)


def test_newest_first_and_by_recipient(mailbox: Mailbox) -> None:
    """The list is newest first and can be cut to one address, whatever its case."""
    mailbox.send("ada@example.com", subject="one")
    mailbox.send("bob@example.com", "Ada@example.com", subject="two")
    mailbox.send("bob@example.com", subject="three")
    assert [letter["subject"] for letter in mailbox.listed()] == ["three", "two", "one"]
    assert [letter["subject"] for letter in mailbox.listed(to="ADA@example.com")] == ["two", "one"]


def test_one_message(mailbox: Mailbox) -> None:
    """A message has decoded text, html and headers."""
    mailbox.send("ada@example.com", subject="Grüße ✓", html="<p>Hallo</p>")
    (summary,) = mailbox.listed()
    letter = httpx.get(f"{mailbox.url}/messages/{summary['id']}").json()
    assert (letter["subject"], letter["from"], letter["to"]) == (
        "Grüße ✓",
        "tintype@example.com",
        ["ada@example.com"],
    )
    assert "token=1&x=2 — grüße" in letter["text"]
    assert letter["html"].strip() == "<p>Hallo</p>"
    assert ["To", "ada@example.com"] in letter["headers"]


def test_only_the_last_are_kept(mailbox: Mailbox) -> None:
    """Beyond the bound the oldest goes."""
    for number in range(KEPT + 1):
        mailbox.send("ada@example.com", subject=str(number))
    assert [letter["subject"] for letter in mailbox.listed()] == ["3", "2", "1"]


def test_too_large_a_message_is_refused(mailbox: Mailbox) -> None:
    """A message over the limit is refused and not kept."""
    with pytest.raises(smtplib.SMTPException):
        mailbox.send("ada@example.com", html="x" * 5000)
    assert mailbox.listed() == []


def test_pages_escape_and_sandbox(mailbox: Mailbox) -> None:
    """Pages escape what a mail says; its HTML is only served with a sandbox policy."""
    mailbox.send("ada@example.com", subject="<script>alert(1)</script>", html="<script>alert(2)</script>")
    (summary,) = mailbox.listed()
    for path in ("/", f"/view/{summary['id']}"):
        page = httpx.get(mailbox.url + path)
        assert "&lt;script&gt;alert(1)" in page.text
        assert "<script" not in page.text
    part = httpx.get(f"{mailbox.url}/view/{summary['id']}/html")
    policy = part.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy


@pytest.mark.parametrize(
    ("path", "status"),
    [("/messages/999", 404), ("/view/999", 404), ("/messages?limit=0", 400), ("/messages?limit=x", 400)],
)
def test_bad_requests(mailbox: Mailbox, path: str, status: int) -> None:
    """What is not there is 404, what makes no sense 400."""
    assert httpx.get(mailbox.url + path).status_code == status


def test_clear_forgets_everything(mailbox: Mailbox) -> None:
    """DELETE /messages empties the box."""
    mailbox.send("ada@example.com")
    assert httpx.delete(f"{mailbox.url}/messages").status_code == 204
    assert mailbox.listed() == []


def test_mail_survives_a_restart(mailbox: Mailbox, settings: MailboxSettings) -> None:
    """Another process over the same folder has the mail."""
    mailbox.send("ada@example.com", subject="kept")
    app = create_app(settings)
    with running(app) as url:
        assert [letter["subject"] for letter in Mailbox(url, app.state.smtp_port).listed()] == ["kept"]
