"""Mail against a real SMTP server."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller
from embedded.ports import free_ports
from identity.adapters.outbound.smtp import LogMailer, MailComposer, SmtpMailer
from identity.domain.identifiers import MailId, UserId
from identity.domain.mail import Mail, MailState, Notice, Purpose
from identity.domain.user import EmailAddress
from identity.ports.mailer import MailDelayed, MailRefused

pytestmark = pytest.mark.server

MAIL = Mail(
    mail_id=MailId("mail_1"),
    user_id=UserId("usr_ada"),
    recipient=EmailAddress("ada@example.com"),
    purpose=Purpose.VERIFY_EMAIL,
    token="a-secret-token",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    expires_at=datetime(2026, 1, 8, tzinfo=UTC),
)


class Sink:
    """An SMTP server's rules and its mailbox."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer_to_recipient = "250 OK"
        self.answer_to_content = "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take or refuse a recipient."""
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take or refuse a mail."""
        if self.answer_to_content.startswith("250"):
            self.received.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients += envelope.rcpt_tos
        return self.answer_to_content


@pytest.fixture
def sink() -> Sink:
    """An empty mailbox."""
    return Sink()


@pytest.fixture
def mailer(sink: Sink) -> Iterator[SmtpMailer]:
    """A mailer that talks to the sink."""
    controller = Controller(sink, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    yield make_mailer(controller.port)
    controller.stop()


def make_mailer(port: int) -> SmtpMailer:
    """A mailer that talks to a port of this machine."""
    return SmtpMailer(
        composer=MailComposer(
            public_url="https://tintype.example/", sender="Tintype <hello@tintype.example>"
        ),
        host="127.0.0.1",
        port=port,
        username=None,
        password=None,
        starttls=False,
        timeout_s=2,
    )


@pytest.mark.parametrize(
    ("purpose", "subject", "link"),
    [
        (
            Purpose.VERIFY_EMAIL,
            "Confirm your email address",
            "https://tintype.example/verify-email?token=a-secret-token",
        ),
        (
            Purpose.RESET_PASSWORD,
            "Choose a new password",
            "https://tintype.example/reset-password?token=a-secret-token",
        ),
    ],
)
async def test_a_mail_arrives_with_its_link(
    mailer: SmtpMailer, sink: Sink, purpose: Purpose, subject: str, link: str
) -> None:
    """Text and HTML both carry the link, and the mail says from whom and to whom."""
    mail = Mail(**{**vars(MAIL), "purpose": purpose})
    assert await mailer.send(mail) is MailState.SENT
    (message,) = sink.received
    assert message["Subject"] == subject
    assert message["From"] == "Tintype <hello@tintype.example>"
    assert message["To"] == "ada@example.com"
    assert message["Message-ID"].endswith(".mail_1@tintype.example>")
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert link in body.get_content()
        assert "08 January 2026" in body.get_content()


async def test_news_says_what_happened_and_where_to_go(mailer: SmtpMailer, sink: Sink) -> None:
    """Text and HTML both; there is no token to expire."""
    details = {"credits": "1,234", "threshold": "1,500"}
    news = Mail(**{**vars(MAIL), "purpose": Notice.BALANCE_LOW, "token": "", "details": details})
    assert await mailer.send(news) is MailState.SENT
    (message,) = sink.received
    assert message["Subject"] == "Your credits are running low"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert "You have 1,234 credits left, which is less than 1,500." in text
        assert "https://tintype.example/billing" in text
        assert "token" not in text
        assert "works once" not in text


async def test_a_webhook_that_stopped_is_named_as_text(mailer: SmtpMailer, sink: Sink) -> None:
    """By its host, which the person chose: no markup of it counts."""
    details = {"host": "<b>shop</b>.example", "why": "nothing that was sent there arrived for days"}
    news = Mail(**{**vars(MAIL), "purpose": Notice.WEBHOOK_DISABLED, "token": "", "details": details})
    assert await mailer.send(news) is MailState.SENT
    (message,) = sink.received
    assert message["Subject"] == "A webhook of yours has stopped"
    for kind, host in (("plain", "<b>shop</b>.example"), ("html", "&lt;b&gt;shop&lt;/b&gt;.example")):
        body = message.get_body((kind,))
        assert body is not None
        text = " ".join(body.get_content().split())
        assert f"at {host} is sent nothing any more, because {details['why']}." in text
        assert "https://tintype.example/account/webhooks" in text


def test_every_mail_has_its_words(mailer: SmtpMailer) -> None:
    """Subject, page, text and HTML: a kind without them would wait for ever."""
    details = defaultdict[str, str](str)
    for kind in (*Purpose, *Notice):
        message = mailer.composer.compose(Mail(**{**vars(MAIL), "purpose": kind, "details": details}))
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


async def test_an_international_domain_is_sent_in_ascii(mailer: SmtpMailer, sink: Sink) -> None:
    """Servers that know no SMTPUTF8 can still deliver."""
    await mailer.send(Mail(**{**vars(MAIL), "recipient": EmailAddress("ada@bücher.example")}))
    assert sink.recipients == ["ada@xn--bcher-kva.example"]


async def test_markup_in_an_address_stays_text(mailer: SmtpMailer, sink: Sink) -> None:
    """What people choose as their address can't become HTML in a mail."""
    await mailer.send(Mail(**{**vars(MAIL), "recipient": EmailAddress("a&b'{{7*7}}@example.com")}))
    html = sink.received[0].get_body(("html",))
    assert html is not None
    assert "a&amp;b&#39;{{7*7}}@example.com" in html.get_content()


async def test_a_busy_server_delays(mailer: SmtpMailer, sink: Sink) -> None:
    """A 4xx answer means later, for the recipient and for the content."""
    sink.answer_to_recipient = "450 mailbox busy"
    with pytest.raises(MailDelayed):
        await mailer.send(MAIL)
    sink.answer_to_recipient, sink.answer_to_content = "250 OK", "451 try later"
    with pytest.raises(MailDelayed):
        await mailer.send(MAIL)
    assert sink.received == []


async def test_a_refusal_is_final(mailer: SmtpMailer, sink: Sink) -> None:
    """A 5xx answer means never, for the recipient and for the content."""
    sink.answer_to_recipient = "550 no such user"
    with pytest.raises(MailRefused):
        await mailer.send(MAIL)
    sink.answer_to_recipient, sink.answer_to_content = "250 OK", "554 not wanted"
    with pytest.raises(MailRefused):
        await mailer.send(MAIL)
    assert sink.received == []


async def test_a_server_that_is_down_delays() -> None:
    """Nobody listening means later."""
    with pytest.raises(MailDelayed):
        await make_mailer(free_ports(1)[0]).send(MAIL)


async def test_without_a_server_the_log_says_so_without_the_token() -> None:
    """The operator sees that a mail was not sent, and nobody sees its secret."""
    with structlog.testing.capture_logs() as lines:
        assert await LogMailer().send(MAIL) is MailState.SKIPPED
    assert [line["event"] for line in lines] == ["mail_not_sent"]
    assert MAIL.token not in repr(lines)
    assert MAIL.recipient not in repr(lines)
