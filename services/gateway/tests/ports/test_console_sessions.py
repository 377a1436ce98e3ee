"""One suite over both stores of console sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from chassis.postgres import create_engine
from cryptography.fernet import Fernet
from embedded.testing import ServiceDatabase
from gateway.adapters.outbound.memory.console_sessions import MemoryConsoleSessions
from gateway.adapters.outbound.postgres.console_sessions import PostgresConsoleSessions
from gateway.adapters.outbound.postgres.tables import sessions
from gateway.domain.console_session import ConsoleSession, cookie_digest
from gateway.domain.identifiers import SessionId, UserId
from gateway.domain.user import Role, SignedIn, Tokens, User
from gateway.ports.console_sessions import ConsoleSessionStore
from sqlalchemy.ext.asyncio import AsyncEngine

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = UserId("usr_" + "a" * 32)
KEY = Fernet.generate_key().decode()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ConsoleSessionStore]:
    """Every implementation in turn."""
    if request.param == "memory":
        yield MemoryConsoleSessions()
        return
    clone: Callable[[str], ServiceDatabase] = request.getfixturevalue("service_database")
    engine = create_engine(clone("gateway").url)
    yield PostgresConsoleSessions(engine, keys=[KEY])
    await engine.dispose()


def a_session(cookie: str = "c" * 43) -> ConsoleSession:
    """A fresh session of Ada's."""
    return ConsoleSession(
        digest=cookie_digest(cookie),
        user_id=ADA,
        email="ada@example.com",
        role=Role.USER,
        csrf_token="csrf",
        access_token="access-secret",
        access_expires_at=NOW + timedelta(minutes=15),
        refresh_token="refresh-secret",
        session_id="ses_1",
        created_at=NOW,
        seen_at=NOW,
        idle_expires_at=NOW + timedelta(days=1),
        expires_at=NOW + timedelta(days=2),
    )


def refreshed(number: int = 2) -> SignedIn:
    """What identity answers to a refresh."""
    user = User(
        user_id=ADA,
        email="ada@new.example",
        email_verified=True,
        full_name="Ada",
        avatar_url="",
        role=Role.ADMIN,
        created_at=NOW,
    )
    tokens = Tokens(
        access_token=f"access-{number}",
        refresh_token=f"refresh-{number}",
        expires_in_s=900,
        session_id="ses_1",
        refresh_expires_at=NOW + timedelta(days=30),
    )
    return SignedIn(user=user, tokens=tokens)


async def test_keeps_and_forgets(store: ConsoleSessionStore) -> None:
    """A session is found by its digest until it is removed, which returns it once."""
    session = a_session()
    await store.add(session)
    assert await store.find(session.digest) == session
    assert await store.find(cookie_digest("another")) is None
    assert await store.remove(session.digest) == session
    assert await store.remove(session.digest) is None
    assert await store.find(session.digest) is None


async def test_touch(store: ConsoleSessionStore) -> None:
    """Use moves the idle end and nothing else."""
    session = a_session()
    await store.add(session)
    later = NOW + timedelta(hours=1)
    await store.touch(session.digest, seen_at=later, idle_expires_at=later + timedelta(days=1))
    assert await store.find(session.digest) == replace(
        session, seen_at=later, idle_expires_at=later + timedelta(days=1)
    )
    await store.touch(cookie_digest("another"), seen_at=later, idle_expires_at=later)


@pytest.mark.parametrize("role", Role)
async def test_whatever_somebody_may_do_their_session_is_kept(store: ConsoleSessionStore, role: Role) -> None:
    """Nobody who signs in at identity is turned away by our own table."""
    session = replace(a_session(), role=role)
    await store.add(session)
    assert await store.find(session.digest) == session


async def test_one_of_many_may_refresh(store: ConsoleSessionStore) -> None:
    """Of parallel claims one wins; the next one comes after the result, a release or the lease's end."""
    session = a_session()
    await store.add(session)
    until = NOW + timedelta(seconds=15)
    claims = await asyncio.gather(
        *(store.claim_refresh(session.digest, now=NOW, until=until) for _ in range(8))
    )
    assert [one for one in claims if one is not None] == [session]
    later = await store.claim_refresh(session.digest, now=until, until=until + timedelta(seconds=15))
    assert later == session
    expires_at = NOW + timedelta(minutes=30)
    await store.store_refreshed(session.digest, refreshed(), access_expires_at=expires_at)
    kept = await store.claim_refresh(session.digest, now=NOW, until=until)
    assert kept is not None
    assert (kept.access_token, kept.refresh_token) == ("access-2", "refresh-2")
    assert (kept.email, kept.role, kept.access_expires_at) == ("ada@new.example", Role.ADMIN, expires_at)
    assert await store.claim_refresh(session.digest, now=NOW, until=until) is None
    await store.release_refresh(session.digest)
    assert await store.claim_refresh(session.digest, now=NOW, until=until) == kept
    assert await store.claim_refresh(cookie_digest("another"), now=NOW, until=until) is None


async def test_sweeps_what_is_over(store: ConsoleSessionStore) -> None:
    """Idle and old sessions go, a bounded number at a time; the others stay."""
    fresh = a_session()
    idle = replace(a_session("idle"), idle_expires_at=NOW + timedelta(minutes=1))
    also_idle = replace(a_session("also"), idle_expires_at=NOW + timedelta(minutes=1))
    for session in (fresh, idle, also_idle):
        await store.add(session)
    at = NOW + timedelta(minutes=2)
    assert await store.remove_expired(at, count_max=1) == 1
    assert await store.remove_expired(at, count_max=5) == 1
    assert await store.remove_expired(at, count_max=5) == 0
    assert await store.find(fresh.digest) == fresh


async def test_tokens_are_unreadable_at_rest(engine: AsyncEngine) -> None:
    """The table shows neither tokens nor the cookie, and another key opens nothing."""
    store = PostgresConsoleSessions(engine, keys=[KEY])
    session = a_session("cookie-of-ada")
    await store.add(session)
    async with engine.begin() as connection:
        assert (await connection.execute(sa.select(sessions))).all() == []
        await connection.execute(sa.text("SELECT set_config('app.account', '*', true)"))
        row = str((await connection.execute(sa.select(sessions))).one())
    for secret in ("access-secret", "refresh-secret", "cookie-of-ada"):
        assert secret not in row
    another = Fernet.generate_key().decode()
    assert await PostgresConsoleSessions(engine, keys=[another]).find(session.digest) is None
    # A new key in front still reads what the old one wrote.
    assert await PostgresConsoleSessions(engine, keys=[another, KEY]).find(session.digest) == session


async def test_rows_of_sessions_that_ended_go(store: ConsoleSessionStore) -> None:
    """Found page by page, each once, and removed by what they stand for; the others stay."""
    rows = [
        replace(a_session(cookie * 43), session_id=SessionId(f"ses_{number}"))
        for number, cookie in ((1, "c"), (2, "d"), (2, "e"), (3, "f"))
    ]
    for row in rows:
        await store.add(row)
    assert list(await store.session_ids(after=None, limit=2)) == ["ses_1", "ses_2"]
    assert list(await store.session_ids(after=SessionId("ses_2"), limit=2)) == ["ses_3"]
    assert list(await store.session_ids(after=SessionId("ses_3"), limit=2)) == []
    assert await store.remove_sessions({SessionId("ses_2"), SessionId("ses_9")}) == 2
    assert [await store.find(row.digest) is not None for row in rows] == [True, False, False, True]
