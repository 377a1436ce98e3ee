"""Identity's half: what the ledger tells of a balance is mailed to its owner, once."""

from datetime import timedelta

import pytest
from chassis.testing.clock import HandClock
from golden import delivered
from identity.adapters.inbound.events import SUBJECTS, IdentityEvents
from identity.adapters.outbound.memory.store import MemoryStore
from identity.application.keep_record import KeepRecordHandler
from identity.application.mail_news import MailNewsHandler
from identity.application.note_erased import NoteErasedHandler
from identity.application.record_act import ActRecorder
from identity.bootstrap.memory import memory_ports
from identity.bootstrap.ports import Ports
from identity.domain.audit import Action, Actor
from identity.domain.identifiers import SessionId, UserId
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
    heard = events(ports, clock)
    for _ in range(2):
        await heard.handle(event)
    (row,) = store.mails.values()
    assert (row.mail.recipient, row.mail.purpose, row.mail.details) == (alice.email, *TOLD[ce_type])


RECORDED: dict[str, tuple[Action, dict[str, str], dict[str, str]]] = {
    "tintype.ledger.v1.CreditsAdjusted": (
        Action.CREDITS_ADJUSTED,
        {"available": "75"},
        {"amount": "-5", "available": "70"},
    ),
    "tintype.billing.v1.RefundOrdered": (
        Action.PURCHASE_REFUNDED,
        {"left_minor": "1000", "currency": "usd"},
        {"purchase_id": "pay_1", "amount_minor": "300", "left_minor": "700", "currency": "usd"},
    ),
    **{
        f"tintype.{service}.v1.DeadLetterReplayed": (
            Action.DEAD_LETTER_REPLAYED,
            {},
            {
                "service": service,
                "event_type": "tintype.identity.v1.UserDeleted",
                "dead_letter_id": "evt_0",
                "outcome": "applied",
            },
        )
        for service in ("billing", "generation", "ledger")
    },
}


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
@pytest.mark.parametrize("ce_type", RECORDED)
async def test_acts_are_recorded_once(ce_type: str, extra: bytes) -> None:
    """With who acted from where, and why; a second delivery is no second act."""
    event = delivered(ce_type, extra=extra)
    store, clock = MemoryStore(), HandClock(event.time + timedelta(days=3))
    heard = events(memory_ports(store, clock=clock), clock)
    for _ in range(2):
        await heard.handle(event)
    (record,) = store.audit
    assert (record.action, record.before, record.after) == RECORDED[ce_type]
    assert record.actor == Actor(
        name="usr_admin", session_id=SessionId("ses_1"), client_address="203.0.113.7"
    )
    assert (record.subject, record.reason, record.occurred_at) == ("usr_alice", "sent twice", event.time)
    assert store.mails == {}


ERASED = {
    "tintype.billing.v1.AccountErased": "billing",
    "tintype.generation.v1.AccountErased": "generation",
}


@pytest.mark.parametrize("extra", [b"", UNKNOWN_FIELD], ids=["as it is", "with an unknown field"])
@pytest.mark.parametrize("ce_type", ERASED)
async def test_who_has_erased_an_account_is_noted_once(ce_type: str, extra: bytes) -> None:
    """With its time; nobody comes back by it."""
    event = delivered(ce_type, extra=extra)
    store, clock = MemoryStore(), HandClock(event.time + timedelta(minutes=1))
    heard = events(memory_ports(store, clock=clock), clock)
    for _ in range(2):
        await heard.handle(event)
    assert store.erasures == {(UserId("usr_alice"), ERASED[ce_type]): event.time}
    assert (store.users, store.mails) == ({}, {})


def events(ports: Ports, clock: HandClock) -> IdentityEvents:
    """What hears them."""
    return IdentityEvents(
        mail_news=MailNewsHandler(ports.units, ports.ids, clock),
        keep_record=KeepRecordHandler(ports.units, ActRecorder(ports.ids)),
        note_erased=NoteErasedHandler(ports.units),
        balance_mails=True,
    )


def test_what_is_asked_for_is_where_it_is_told() -> None:
    """One word of the subject is the account."""
    asked = {subject for subjects in SUBJECTS.values() for subject in subjects}
    assert asked == {
        f"{delivered(ce_type).subject.rpartition('.')[0]}.*" for ce_type in (*TOLD, *RECORDED, *ERASED)
    }
