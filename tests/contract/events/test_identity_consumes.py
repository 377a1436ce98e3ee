"""Identity's half: what the ledger tells of a balance is mailed to its owner, once."""

from datetime import timedelta

import pytest
from chassis.testing.clock import HandClock
from golden import delivered
from identity.adapters.inbound.events import SUBJECTS, IdentityEvents
from identity.adapters.outbound.memory import MemoryStore
from identity.application.mail_news import MailNewsHandler
from identity.bootstrap import memory_ports
from identity.domain.identifiers import UserId
from identity.domain.mail import Notice
from identity.domain.user import EmailAddress, User

UNKNOWN_FIELD = bytes([0xC2, 0x3E, 0x03]) + b"new"
TOLD = {
    "tintype.billing.v1.AutoTopUpStopped": (
        Notice.AUTO_TOP_UP_STOPPED,
        {"why": "your bank wants you to confirm the payment"},
    ),
    "tintype.ledger.v1.CreditsExpiring": (
        Notice.CREDITS_EXPIRING,
        {"credits": "60", "day": "05 January 2026"},
    ),
    "tintype.ledger.v1.BalanceLow": (Notice.BALANCE_LOW, {"credits": "70", "threshold": "100"}),
}


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
@pytest.mark.parametrize("ce_type", TOLD)
async def test_news_is_mailed_once(ce_type: str, extra: bytes) -> None:
    """The golden message queues the mail of its kind; a second delivery nothing."""
    event = delivered(ce_type, extra=extra)
    store, clock = MemoryStore(), HandClock(event.time + timedelta(minutes=1))
    ports = memory_ports(store, clock=clock)
    alice = User(
        user_id=UserId("usr_alice"),
        email=EmailAddress("alice@example.com"),
        password_hash=None,
        full_name="Alice",
        created_at=event.time,
        email_verified_at=event.time,
    )
    async with ports.units.of(alice.user_id) as work:
        await work.users.add(alice)
    heard = IdentityEvents(mail_news=MailNewsHandler(ports.units, ports.ids, clock), balance_mails=True)
    for _ in range(2):
        await heard.handle(event)
    (row,) = store.mails.values()
    assert (row.mail.recipient, row.mail.purpose, row.mail.details) == (alice.email, *TOLD[ce_type])


def test_what_is_asked_for_is_where_it_is_told() -> None:
    """One word of the subject is the account."""
    asked = {subject for subjects in SUBJECTS.values() for subject in subjects}
    assert asked == {f"{delivered(ce_type).subject.rpartition('.')[0]}.*" for ce_type in TOLD}
