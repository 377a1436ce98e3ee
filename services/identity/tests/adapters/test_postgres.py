"""What PostgreSQL itself guards, whatever the code does."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.postgres import SYSTEM_SCOPE, transaction
from chassis.testing.clock import HandClock
from embedded.testing import ServiceDatabase
from identity.adapters.outbound.fakes import MemoryHasher
from identity.adapters.outbound.memory.store import MemoryStore
from identity.adapters.outbound.postgres.housekeeping import forget_expired
from identity.application.log_in import LogIn
from identity.application.log_out import LogOut
from identity.application.open_session import OpenedSession
from identity.application.refresh_session import RefreshSession
from identity.application.sign_up import SignUp
from identity.bootstrap.memory import memory_ports
from identity.bootstrap.parts import wire_handlers
from identity.bootstrap.ports import Ports
from identity.domain.errors import EmailTaken, InvalidRefreshToken, RefreshTokenReused, SessionEnded
from identity.domain.identifiers import UserId
from identity.domain.mail import MailState
from identity.domain.secret import SecretDigest
from identity.domain.user import EmailAddress, User
from identity.domain.welcome import Welcome, WelcomePolicy
from identity.ports.directory import Directory, SessionRef
from identity_world import ADA, PASSWORD, create_api_key, postgres_storage
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

OWNED = [
    "users",
    "sessions",
    "refresh_tokens",
    "mail_tokens",
    "outgoing_mail",
    "welcomed_mailboxes",
    "api_keys",
]


@pytest.fixture
def ports(engine: AsyncEngine) -> Ports:
    """Real storage, quick everything else."""
    quick = memory_ports(MemoryStore(), clock=HandClock(), hasher=MemoryHasher())
    at_once = WelcomePolicy(after_confirmation=False, once_per_mailbox=True)
    return postgres_storage(engine).beneath(replace(quick, welcome=at_once))


@pytest.fixture
async def opened(ports: Ports) -> OpenedSession:
    """Ada has signed up, and has an API key."""
    handlers = wire_handlers(ports)
    signed_up = await handlers.sign_up(SignUp(ADA, PASSWORD, full_name=""))
    await handlers.api_keys.create(create_api_key(signed_up.user.user_id))
    return signed_up


@dataclass(frozen=True)
class SimultaneousDirectory:
    """Lets nobody go on before all have looked their session up, so that a race is one."""

    inner: Directory
    barrier: asyncio.Barrier

    async def session_by_refresh_token(self, token_digest: SecretDigest) -> SessionRef | None:
        """See Directory."""
        found = await self.inner.session_by_refresh_token(token_digest)
        await self.barrier.wait()
        return found

    async def user_by_email(self, email: EmailAddress) -> User | None:
        """See Directory."""
        return await self.inner.user_by_email(email)

    async def user_by_mail_token(self, token_digest: SecretDigest) -> UserId | None:
        """See Directory."""
        return await self.inner.user_by_mail_token(token_digest)


async def count(engine: AsyncEngine, scope: str, table: str) -> int:
    """How many rows a scope sees."""
    async with transaction(engine, scope) as connection:
        found = await connection.scalar(text(f"SELECT count(*) FROM {table}"))
    return int(found or 0)


@pytest.mark.parametrize("table", OWNED)
async def test_rows_show_only_in_their_owners_scope(
    engine: AsyncEngine, database: ServiceDatabase, opened: OpenedSession, table: str
) -> None:
    """Without a scope and in another's scope there is nothing, even for the tables' owner."""
    assert await count(engine, opened.user.user_id, table) == 1
    assert await count(engine, SYSTEM_SCOPE, table) == 1
    assert await count(engine, "usr_eve", table) == 0
    async with engine.begin() as connection:
        assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    with psycopg.connect(database.owner_url.replace("+psycopg", "")) as owner:
        assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE refresh_tokens SET expires_at = now()",
        "UPDATE mail_tokens SET purpose = 'reset_password'",
        "UPDATE api_keys SET scopes = '{generations:write}'",
        "UPDATE api_keys SET model_ids = '{}'",
        "UPDATE api_keys SET monthly_credits_max = NULL",
        "UPDATE api_keys SET expires_at = NULL",
        "UPDATE api_keys SET key_digest = key_digest",
        "UPDATE api_keys SET user_id = 'usr_eve'",
        *(f"DELETE FROM {table}" for table in OWNED),
        *(f"TRUNCATE {table} CASCADE" for table in OWNED),
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE more (id int)",
    ],
)
async def test_the_service_may_do_only_what_it_does(
    engine: AsyncEngine, opened: OpenedSession, statement: str
) -> None:
    """The service's role lacks every privilege that no use case needs."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            await connection.execute(text(statement))
    assert await count(engine, SYSTEM_SCOPE, "users") == 1


async def test_nobody_writes_into_another_account(engine: AsyncEngine, opened: OpenedSession) -> None:
    """A transaction of one account can't add rows to another."""
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with transaction(engine, "usr_eve") as connection:
            await connection.execute(
                text("INSERT INTO sessions (session_id, user_id, created_at) VALUES ('ses_x', :user, now())"),
                {"user": opened.user.user_id},
            )
    assert await count(engine, SYSTEM_SCOPE, "sessions") == 1


async def test_a_sent_mail_can_not_keep_its_token(engine: AsyncEngine, opened: OpenedSession) -> None:
    """The table refuses a final mail that still carries a secret."""
    with pytest.raises(IntegrityError):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            await connection.execute(text("UPDATE outgoing_mail SET state = 'sent', finished_at = now()"))


async def test_of_parallel_refreshes_exactly_one_wins(ports: Ports, opened: OpenedSession) -> None:
    """The row lock picks one; the others are reuse, and the winner's pair ends with the family."""
    directory = SimultaneousDirectory(ports.directory, asyncio.Barrier(8))
    racing = wire_handlers(replace(ports, directory=directory))
    outcomes = await asyncio.gather(
        *(racing.refresh_session(RefreshSession(opened.refresh_token)) for _ in range(8)),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, OpenedSession)]
    assert len(winners) == 1
    assert sum(isinstance(outcome, RefreshTokenReused) for outcome in outcomes) == 7
    with pytest.raises(SessionEnded):
        await wire_handlers(ports).refresh_session(RefreshSession(winners[0].refresh_token))


async def test_refresh_and_log_out_at_once_end_logged_out(ports: Ports, opened: OpenedSession) -> None:
    """Whichever comes first, the session is over afterwards."""
    handlers = wire_handlers(ports)
    racing = wire_handlers(
        replace(ports, directory=SimultaneousDirectory(ports.directory, asyncio.Barrier(2)))
    )
    refreshed, _ = await asyncio.gather(
        racing.refresh_session(RefreshSession(opened.refresh_token)),
        racing.log_out(LogOut(opened.refresh_token)),
        return_exceptions=True,
    )
    assert isinstance(refreshed, OpenedSession | SessionEnded)
    newest = refreshed.refresh_token if isinstance(refreshed, OpenedSession) else opened.refresh_token
    with pytest.raises(SessionEnded):
        await handlers.refresh_session(RefreshSession(newest))


async def test_of_parallel_sign_ups_one_gets_the_address(engine: AsyncEngine, ports: Ports) -> None:
    """The unique index picks one, and one event waits for the relay."""
    handlers = wire_handlers(ports)
    outcomes = await asyncio.gather(
        *(handlers.sign_up(SignUp(ADA, PASSWORD, full_name="")) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 4
    assert [await count(engine, SYSTEM_SCOPE, table) for table in ("users", "outbox", "sessions")] == [
        1,
        1,
        1,
    ]


async def test_of_aliases_that_sign_up_at_once_one_is_welcomed(ports: Ports) -> None:
    """The key picks one, though no transaction sees another's claim; the others have their accounts."""
    handlers = wire_handlers(ports)
    aliases = [type(ADA)(f"eve+{number}@example.com") for number in range(6)]
    opened = await asyncio.gather(
        *(handlers.sign_up(SignUp(alias, PASSWORD, full_name="")) for alias in aliases)
    )
    assert sorted(session.user.welcome for session in opened) == [Welcome.GIVEN, *[Welcome.NONE] * 5]


async def test_parallel_senders_share_the_mails(engine: AsyncEngine, ports: Ports) -> None:
    """No mail is claimed twice, however many senders ask at once."""
    handlers = wire_handlers(ports)
    for number in range(6):
        await handlers.sign_up(SignUp(type(ADA)(f"user{number}@example.com"), PASSWORD, full_name=""))
    now = ports.clock.now()
    claims = await asyncio.gather(
        *(
            postgres_storage(engine).mail_queue.claim(now=now, until=now + timedelta(minutes=1), limit=3)
            for _ in range(6)
        )
    )
    ids = [mail.mail_id for claim in claims for mail in claim]
    assert len(ids) == len(set(ids)) == 6


async def test_what_ended_long_ago_is_forgotten(
    engine: AsyncEngine, ports: Ports, opened: OpenedSession
) -> None:
    """Tokens, sessions and final mails of months ago go; users, live sessions and waiting mails stay."""
    system = wire_handlers(replace(ports, clock=SystemClock()))
    fresh = await system.log_in(LogIn(ADA, PASSWORD))
    await forget_expired(engine)
    left = {table: await count(engine, SYSTEM_SCOPE, table) for table in OWNED}
    assert left == {**dict.fromkeys(OWNED, 1), "mail_tokens": 0}
    assert (await system.refresh_session(RefreshSession(fresh.refresh_token))).user == opened.user
    with pytest.raises(InvalidRefreshToken):
        await system.refresh_session(RefreshSession(opened.refresh_token))

    queue, now = postgres_storage(engine).mail_queue, ports.clock.now()
    (mail,) = await queue.claim(now=now, until=now, limit=1)
    await queue.finish(mail, MailState.SENT, now)
    await forget_expired(engine)
    assert await count(engine, SYSTEM_SCOPE, "outgoing_mail") == 0


async def test_forgetting_respects_the_scope(engine: AsyncEngine, opened: OpenedSession) -> None:
    """The owner's function deletes nothing that its caller can't see."""
    async with transaction(engine, "usr_eve") as connection:
        assert await connection.scalar(text("SELECT forget_expired(1000)")) == 0
    assert await count(engine, SYSTEM_SCOPE, "refresh_tokens") == 1


async def test_an_address_changes_by_a_mailed_token_alone(engine: AsyncEngine, opened: OpenedSession) -> None:
    """Whatever the code does: a token of that address has to be used in the same transaction."""

    async def change() -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            await connection.execute(text("UPDATE mail_tokens SET used_at = now()"))
            await connection.execute(text("UPDATE users SET email = 'eve@example.com'"))

    with pytest.raises(IntegrityError, match="by a token that was mailed"):
        await change()
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        assert await connection.scalar(text("SELECT email FROM users")) == ADA
