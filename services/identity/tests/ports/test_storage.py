"""What every implementation of storage guarantees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from identity.domain.errors import EmailTaken, InvalidToken, UserNotFound
from identity.domain.identifiers import EventId, MailId, SessionId, UserId
from identity.domain.mail import Mail, MailState, MailToken, Notice, Purpose
from identity.domain.mailbox import mailbox_digest
from identity.domain.secret import SecretDigest, digest
from identity.domain.session import EndReason, RefreshToken, Session
from identity.domain.user import EmailAddress, PasswordHash, Role, User
from identity.domain.welcome import Welcome
from identity.ports.directory import SessionRef
from identity_world import Storage

NOW = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def person(name: str) -> User:
    """A user."""
    return User(
        user_id=UserId(f"usr_{name}"),
        email=EmailAddress(f"{name}@example.com"),
        password_hash=PasswordHash("hash"),
        full_name=name,
        avatar_url="https://example.com/a.png",
        role=Role.SUPPORT,
        welcome=Welcome.PENDING,
        created_at=NOW,
    )


ADA, EVE = person("Ada"), person("Eve")
SESSION = Session(session_id=SessionId("ses_1"), user_id=ADA.user_id, created_at=NOW)
TOKEN = RefreshToken(
    token_digest=digest("refresh"),
    session_id=SESSION.session_id,
    user_id=ADA.user_id,
    issued_at=NOW,
    expires_at=LATER,
)
MAIL_TOKEN = MailToken(
    token_digest=digest("mailed"),
    user_id=ADA.user_id,
    purpose=Purpose.RESET_PASSWORD,
    created_at=NOW,
    expires_at=LATER,
)
MAIL = Mail(
    mail_id=MailId("mail_1"),
    user_id=ADA.user_id,
    recipient=ADA.email,
    purpose=Purpose.VERIFY_EMAIL,
    token="secret",
    expires_at=LATER,
    created_at=NOW,
)


@pytest.fixture
async def stored(storage: Storage) -> Storage:
    """Storage with a user, a session, tokens and a mail."""
    async with storage.units.of(ADA.user_id) as work:
        await work.users.add(ADA)
        await work.sessions.add(SESSION)
        await work.sessions.add_token(TOKEN)
        await work.mails.add_token(MAIL_TOKEN)
        await work.mails.queue(MAIL)
    return storage


async def test_what_is_stored_comes_back(stored: Storage) -> None:
    """Every field survives, times to the microsecond."""
    async with stored.units.of(ADA.user_id) as work:
        assert await work.users.get(ADA.user_id) == ADA
        assert await work.users.lock(ADA.user_id) == ADA
        assert await work.sessions.lock(SESSION.session_id) == SESSION
        assert await work.sessions.token(TOKEN.token_digest) == TOKEN
        assert await work.mails.lock_token(MAIL_TOKEN.token_digest) == MAIL_TOKEN


async def test_an_error_takes_everything_back(storage: Storage) -> None:
    """A transaction that fails leaves nothing."""
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the failure has to come last
        async with storage.units.of(ADA.user_id) as work:
            await work.users.add(ADA)
            raise ZeroDivisionError
    assert await storage.directory.user_by_email(ADA.email) is None


async def test_addresses_are_unique_across_accounts(stored: Storage) -> None:
    """Another account can't take the address in any capitals, and stores nothing by trying."""
    with pytest.raises(EmailTaken):
        async with stored.units.of(EVE.user_id) as work:
            await work.users.add(replace(EVE, email=EmailAddress("aDA@EXAMPLE.com")))
    async with stored.units.of(EVE.user_id) as work:
        with pytest.raises(UserNotFound):
            await work.users.get(EVE.user_id)


async def test_a_mailbox_is_claimed_once_over_all_accounts(stored: Storage) -> None:
    """Also when the first claim's account can't be seen; one that was taken back is free again."""
    mailbox = mailbox_digest(ADA.email)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the failure has to come last
        async with stored.units.of(EVE.user_id) as work:
            assert await work.users.claim_mailbox(mailbox, EVE.user_id, NOW)
            raise ZeroDivisionError
    for user, is_first in ((ADA, True), (EVE, False), (ADA, False)):
        async with stored.units.of(user.user_id) as work:
            assert await work.users.claim_mailbox(mailbox, user.user_id, NOW) is is_first


async def test_users_are_found_by_address(stored: Storage) -> None:
    """Capitals do not matter; everything else does."""
    assert await stored.directory.user_by_email(EmailAddress("ADA@example.COM")) == ADA
    assert await stored.directory.user_by_email(EmailAddress("ad_@example.com")) is None
    assert await stored.directory.user_by_email(EmailAddress("%@example.com")) is None


async def test_owners_are_found_by_token(stored: Storage) -> None:
    """A digest leads to its owner, an unknown one nowhere."""
    nothing = SecretDigest(bytes(32))
    directory = stored.directory
    assert await directory.session_by_refresh_token(TOKEN.token_digest) == SessionRef(
        ADA.user_id, SESSION.session_id
    )
    assert await directory.session_by_refresh_token(nothing) is None
    assert await directory.user_by_mail_token(MAIL_TOKEN.token_digest) == ADA.user_id
    assert await directory.user_by_mail_token(nothing) is None


async def test_open_sessions_are_told_from_the_others(stored: Storage) -> None:
    """Ended and unknown ones are left out, and so are those of a disabled user."""
    other = replace(SESSION, session_id=SessionId("ses_2"))
    async with stored.units.of(ADA.user_id) as work:
        await work.sessions.add(other)
        await work.sessions.end(other.ended(NOW, EndReason.LOGGED_OUT))
    asked = [SESSION.session_id, other.session_id, SessionId("ses_3")]
    assert await stored.directory.open_sessions(asked) == {SESSION.session_id: None}
    async with stored.units.of(ADA.user_id) as work:
        await work.users.save_disabled(ADA.disabled(NOW))
    assert await stored.directory.open_sessions(asked) == {}


async def test_disabling_and_the_rest_of_a_user_are_stored_apart(stored: Storage) -> None:
    """Whoever saves a profile can't open a closed account by it, and the reverse."""
    async with stored.units.of(ADA.user_id) as work:
        await work.users.save_disabled(replace(ADA, full_name="Eve").disabled(NOW))
        await work.users.save(replace(ADA, full_name="Countess"))
        assert await work.users.get(ADA.user_id) == replace(ADA, full_name="Countess", disabled_at=NOW)


async def test_only_open_sessions_end(stored: Storage) -> None:
    """Their number is told; the first end stays."""
    async with stored.units.of(ADA.user_id) as work:
        assert await work.sessions.end_all(ADA.user_id, NOW, EndReason.USER_DISABLED) == 1
        assert await work.sessions.end_all(ADA.user_id, LATER, EndReason.PASSWORD_RESET) == 0
        assert await work.sessions.lock(SESSION.session_id) == SESSION.ended(NOW, EndReason.USER_DISABLED)


@pytest.mark.parametrize("stranger", [EVE.user_id, UserId("*"), UserId("' OR true --")])
async def test_another_scope_sees_nothing(stored: Storage, stranger: UserId) -> None:
    """No scope but the owner's shows the user or its tokens, the name of the system's scope included."""
    with pytest.raises(UserNotFound):
        async with stored.units.of(stranger) as work:
            await work.users.get(ADA.user_id)
    with pytest.raises((UserNotFound, InvalidToken)):
        async with stored.units.of(stranger) as work:
            await work.mails.lock_token(MAIL_TOKEN.token_digest)


async def test_profiles_change(stored: Storage) -> None:
    """What use cases may change is saved."""
    changed = replace(
        ADA,
        full_name="Ada King",
        avatar_url=None,
        password_hash=PasswordHash("other"),
        email_verified_at=LATER,
    )
    async with stored.units.of(ADA.user_id) as work:
        await work.users.save(changed)
    assert await stored.directory.user_by_email(ADA.email) == changed


async def test_sessions_end(stored: Storage) -> None:
    """An end is stored with its reason, and ending all leaves the first reason."""
    other = replace(SESSION, session_id=SessionId("ses_2"))
    async with stored.units.of(ADA.user_id) as work:
        await work.sessions.add(other)
        await work.sessions.end(SESSION.ended(NOW, EndReason.LOGGED_OUT))
        await work.sessions.end_all(ADA.user_id, LATER, EndReason.PASSWORD_RESET)
    async with stored.units.of(ADA.user_id) as work:
        assert (await work.sessions.lock(SESSION.session_id)).end_reason is EndReason.LOGGED_OUT
        assert await work.sessions.lock(other.session_id) == other.ended(LATER, EndReason.PASSWORD_RESET)


async def test_tokens_are_used(stored: Storage) -> None:
    """The use of a refresh token and of a mailed token is stored."""
    async with stored.units.of(ADA.user_id) as work:
        await work.sessions.mark_used(TOKEN.token_digest, LATER)
        await work.mails.mark_used(MAIL_TOKEN.token_digest, LATER)
    async with stored.units.of(ADA.user_id) as work:
        assert (await work.sessions.token(TOKEN.token_digest)).used_at == LATER
        assert (await work.mails.lock_token(MAIL_TOKEN.token_digest)).used_at == LATER


async def test_open_tokens_of_one_purpose_are_used_up(stored: Storage) -> None:
    """Tokens of another purpose stay good, and used ones keep their time."""
    used = replace(MAIL_TOKEN, token_digest=digest("used"), used_at=NOW)
    verify = replace(MAIL_TOKEN, token_digest=digest("verify"), purpose=Purpose.VERIFY_EMAIL)
    async with stored.units.of(ADA.user_id) as work:
        await work.mails.add_token(used)
        await work.mails.add_token(verify)
        await work.mails.use_all(ADA.user_id, Purpose.RESET_PASSWORD, LATER)
    async with stored.units.of(ADA.user_id) as work:
        assert (await work.mails.lock_token(MAIL_TOKEN.token_digest)).used_at == LATER
        assert await work.mails.lock_token(used.token_digest) == used
        assert await work.mails.lock_token(verify.token_digest) == verify


async def test_a_mail_has_one_sender_at_a_time(stored: Storage) -> None:
    """A claim counts the attempt and hides the mail until the lease is over."""
    queue = stored.mail_queue
    assert await queue.claim(now=NOW - timedelta(seconds=1), until=LATER, limit=10) == []
    assert await queue.claim(now=NOW, until=LATER, limit=10) == [replace(MAIL, attempts=1)]
    assert await queue.claim(now=LATER - timedelta(seconds=1), until=LATER, limit=10) == []
    assert await queue.claim(now=LATER, until=LATER + timedelta(hours=1), limit=10) == [
        replace(MAIL, attempts=2)
    ]


async def test_mails_are_postponed_and_finished(stored: Storage) -> None:
    """A postponed mail comes back at its time, a finished one never."""
    queue = stored.mail_queue
    (mail,) = await queue.claim(now=NOW, until=LATER, limit=1)
    await queue.postpone(mail, NOW + timedelta(minutes=1))
    (mail,) = await queue.claim(now=NOW + timedelta(minutes=1), until=LATER, limit=1)
    await queue.finish(mail, MailState.SENT, NOW)
    assert await queue.claim(now=LATER, until=LATER, limit=1) == []


async def test_claims_are_bounded(stored: Storage) -> None:
    """A claim takes no more than asked for, the longest due first."""
    earlier = replace(MAIL, mail_id=MailId("mail_0"), created_at=NOW - timedelta(minutes=1))
    async with stored.units.of(ADA.user_id) as work:
        await work.mails.queue(earlier)
    (mail,) = await stored.mail_queue.claim(now=NOW, until=LATER, limit=1)
    assert mail.mail_id == earlier.mail_id


async def test_a_fact_is_news_once(storage: Storage) -> None:
    """For whomever it is about; a transaction that failed has heard nothing."""

    async def hear_and_fail() -> None:
        async with storage.units.of(ADA.user_id) as work:
            assert await work.is_news(EventId("evt_1"))
            await work.users.get(ADA.user_id)

    with pytest.raises(UserNotFound):
        await hear_and_fail()
    for expected in (True, False):
        async with storage.units.of(ADA.user_id) as work:
            assert await work.is_news(EventId("evt_1")) is expected


async def test_news_waits_with_what_it_says(stored: Storage) -> None:
    """Its kind and its details come back from the queue."""
    news = replace(
        MAIL, mail_id=MailId("mail_2"), purpose=Notice.BALANCE_LOW, token="", details={"credits": "87"}
    )
    async with stored.units.of(ADA.user_id) as work:
        await work.mails.queue(news)
    claimed = await stored.mail_queue.claim(now=NOW, until=LATER, limit=10)
    assert claimed == [replace(MAIL, attempts=1), replace(news, attempts=1)]
