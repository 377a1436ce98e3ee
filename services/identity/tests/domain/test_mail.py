"""One-time tokens and retries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.errors import InvalidToken
from identity.domain.identifiers import MailId, UserId
from identity.domain.mail import ATTEMPTS_MAX, Mail, MailToken, Purpose, retry_at
from identity.domain.secret import digest
from identity.domain.user import EmailAddress

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = MailToken(
    token_digest=digest("secret"),
    user_id=UserId("usr_ada"),
    purpose=Purpose.RESET_PASSWORD,
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)
MAIL = Mail(
    mail_id=MailId("mail_1"),
    user_id=UserId("usr_ada"),
    recipient=EmailAddress("ada@example.com"),
    purpose=Purpose.VERIFY_EMAIL,
    token="secret",
    expires_at=NOW + timedelta(days=7),
    created_at=NOW,
    attempts=1,
)


def test_a_token_works_once() -> None:
    """Redeeming marks the token, and a marked token is refused."""
    used = TOKEN.redeemed(NOW, Purpose.RESET_PASSWORD)
    assert used.used_at == NOW
    with pytest.raises(InvalidToken):
        used.redeemed(NOW, Purpose.RESET_PASSWORD)


def test_a_token_is_for_one_purpose() -> None:
    """A token that verifies an address sets no password, and the reverse."""
    with pytest.raises(InvalidToken):
        TOKEN.redeemed(NOW, Purpose.VERIFY_EMAIL)


def test_a_token_expires_at_its_moment() -> None:
    """The last instant is outside."""
    assert TOKEN.redeemed(TOKEN.expires_at - timedelta(microseconds=1), Purpose.RESET_PASSWORD)
    with pytest.raises(InvalidToken):
        TOKEN.redeemed(TOKEN.expires_at, Purpose.RESET_PASSWORD)


def test_retries_slow_down_and_stay_bounded() -> None:
    """Each wait is longer than the one before, up to an hour."""
    waits = [retry_at(replace(MAIL, attempts=attempt), NOW) for attempt in range(1, ATTEMPTS_MAX)]
    known = [wait - NOW for wait in waits if wait is not None]
    assert known == sorted(known)
    assert known[0] == timedelta(seconds=5)
    assert known[-1] == timedelta(hours=1)
    assert len(known) == ATTEMPTS_MAX - 1


def test_a_mail_is_given_up() -> None:
    """After the last attempt, and when its link would be dead on arrival."""
    assert retry_at(replace(MAIL, attempts=ATTEMPTS_MAX), NOW) is None
    assert retry_at(MAIL, MAIL.expires_at - timedelta(seconds=5)) is None
