"""What every implementation of looking through people guarantees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.audit import Action, Actor, AuditRecord
from identity.domain.identifiers import AuditRecordId, MailId, SessionId, UserId
from identity.domain.mail import Mail, MailState, Notice, Purpose
from identity.domain.user import EmailAddress, User
from identity.ports.people import RecordFilter, RecordPlace
from identity_world import Storage

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = AuditRecord(
    record_id=AuditRecordId("aud_1"),
    action=Action.ROLE_CHANGED,
    actor=Actor(name="usr_boss", session_id=SessionId("ses_1"), client_address="203.0.113.7"),
    subject=UserId("usr_1"),
    before={"role": "user"},
    after={"role": "admin"},
    reason="runs the shop",
    occurred_at=NOW,
)
BARE = AuditRecord(
    record_id=AuditRecordId("aud_0"),
    action=Action.USER_CREATED,
    actor=Actor.operator("ops"),
    subject=UserId("usr_2"),
    occurred_at=NOW + MINUTE,
)
SAME_TIME = replace(BARE, record_id=AuditRecordId("aud_2"), occurred_at=NOW)


def person(number: int, email: str) -> User:
    """A user."""
    return User(
        user_id=UserId(f"usr_{number}"),
        email=EmailAddress(email),
        password_hash=None,
        full_name="",
        created_at=NOW,
    )


PEOPLE = [
    person(1, "Ada@example.com"),
    person(2, "ada_l@example.com"),
    person(3, "adaxl@example.com"),
    person(4, "eve@example.org"),
]


def mail(number: int, user_id: str, purpose: Purpose | Notice) -> Mail:
    """A mail, with a secret where it opens something."""
    return Mail(
        mail_id=MailId(f"mail_{number}"),
        user_id=UserId(user_id),
        recipient=EmailAddress("x@example.com"),
        purpose=purpose,
        token="secret" if isinstance(purpose, Purpose) else "",
        expires_at=NOW + 9 * MINUTE,
        created_at=NOW,
    )


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    """People, records and mails."""
    for user in PEOPLE:
        async with storage.units.of(user.user_id) as work:
            await work.users.add(user)
    for record in (FULL, BARE, SAME_TIME):
        async with storage.units.of(record.subject) as work:
            await work.audit.append(record)
    for queued in (mail(1, "usr_1", Purpose.VERIFY_EMAIL), mail(2, "usr_2", Notice.BALANCE_LOW)):
        async with storage.units.of(queued.user_id) as work:
            await work.mails.queue(queued)
    return storage


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("query", "found"),
    [
        (None, [4, 3, 2, 1]),
        ("ADA", [3, 2, 1]),
        ("a_", [2]),
        ("%", []),
        ("example.org", [4]),
        ("usr_2", [2]),
        ("usr_", []),
    ],
)
async def test_people_are_found(stored: Storage, query: str | None, found: list[int]) -> None:
    """By a part of the address in any capitals, as it is written, or by the whole id; newest first."""
    users = await stored.people.users(query, before=None, limit=10)
    assert users == [PEOPLE[number - 1] for number in found]


async def test_one_is_read(stored: Storage) -> None:
    """Or nobody is."""
    assert await stored.people.user(UserId("usr_4")) == PEOPLE[3]
    assert await stored.people.user(UserId("usr_5")) is None


async def test_parts_follow_each_other(stored: Storage) -> None:
    """Nobody is in two of them, nobody in none; records of one moment too."""
    first = await stored.people.users(None, before=None, limit=3)
    rest = await stored.people.users(None, before=first[-1].user_id, limit=3)
    assert [user.user_id for user in (*first, *rest)] == ["usr_4", "usr_3", "usr_2", "usr_1"]
    records: list[AuditRecord] = []
    place = None
    for _ in range(3):
        (record,) = await stored.people.records(RecordFilter(), before=place, limit=1)
        records.append(record)
        place = RecordPlace(record.occurred_at, record.record_id)
    assert records == [BARE, SAME_TIME, FULL]
    assert await stored.people.records(RecordFilter(), before=place, limit=1) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("which", "found"),
    [
        (RecordFilter(actor="usr_boss"), [FULL]),
        (RecordFilter(subject=UserId("usr_2")), [BARE, SAME_TIME]),
        (RecordFilter(actions=(Action.ROLE_CHANGED, Action.USER_ENABLED)), [FULL]),
        (RecordFilter(since=NOW + MINUTE), [BARE]),
        (RecordFilter(until=NOW + MINUTE), [SAME_TIME, FULL]),
        (RecordFilter(actor="operator:ops", until=NOW + MINUTE), [SAME_TIME]),
        (RecordFilter(actor="nobody"), []),
    ],
)
async def test_records_are_chosen(stored: Storage, which: RecordFilter, found: list[AuditRecord]) -> None:
    """Each field of the filter narrows; what comes back is whole."""
    assert await stored.people.records(which, before=None, limit=10) == found


async def test_mails_are_told_without_what_they_open(stored: Storage) -> None:
    """Whose, for what, how they stand; a part at a time."""
    claimed = {
        one.mail_id: one for one in await stored.mail_queue.claim(now=NOW, until=NOW + MINUTE, limit=2)
    }
    await stored.mail_queue.finish(claimed[MailId("mail_1")], MailState.SENT, NOW)
    reports = await stored.people.mails(None, None, before=None, limit=10)
    assert "secret" not in repr(reports)
    told = [(report.mail_id, report.purpose, report.state, report.attempts) for report in reports]
    assert told == [
        ("mail_2", Notice.BALANCE_LOW, MailState.QUEUED, 1),
        ("mail_1", Purpose.VERIFY_EMAIL, MailState.SENT, 1),
    ]
    assert (reports[0].finished_at, reports[1].finished_at) == (None, NOW)
    assert await stored.people.mails(UserId("usr_1"), None, before=None, limit=10) == reports[1:]
    assert await stored.people.mails(None, MailState.QUEUED, before=None, limit=10) == reports[:1]
    assert await stored.people.mails(None, None, before=MailId("mail_2"), limit=10) == reports[1:]
