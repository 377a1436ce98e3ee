"""One mailbox, however its address is written."""

import pytest
from identity.domain.mailbox import mailbox_digest, mailbox_of
from identity.domain.user import EmailAddress


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("ada+shop@example.com", "ada@example.com"),
        ("ada+a+b@example.com", "ada@example.com"),
        ("a.d.a@gmail.com", "ada@gmail.com"),
        ("A.da+x.y@GoogleMail.com", "ada@gmail.com"),
        ("a.da@example.com", "a.da@example.com"),
        ("+ada@example.com", "+ada@example.com"),
        ("...@gmail.com", "...@gmail.com"),
        ("ada@b\u00fccher.example", "ada@b\u00fccher.example"),
    ],
)
def test_mailboxes(email: str, mailbox: str) -> None:
    """Capitals and tags nowhere count, dots not at Gmail; a name is never lost."""
    assert mailbox_of(EmailAddress(email)) == mailbox
    assert mailbox_digest(EmailAddress(email)) == mailbox_digest(EmailAddress(mailbox))
    assert len(mailbox_digest(EmailAddress(email))) == 32
