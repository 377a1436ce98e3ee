"""What a service is made of comes up in its order and goes down in reverse, whatever ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest
from broker_support import OUTBOX, OUTBOX_TABLES, emptied, fact
from chassis import outbox
from chassis.nats import Connection
from chassis.postgres import SYSTEM_SCOPE, ping, transaction
from chassis.service import Running, service
from chassis.settings import PublisherSettings, ServiceSettings
from embedded.testing import NatsLogin, ServiceDatabase
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

Environment = dict[str, str]


@pytest.fixture
def environment(empty_database: ServiceDatabase, nats_account: Callable[[str], NatsLogin]) -> Environment:
    """Settings of a service called identity, whose database holds an outbox alone."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
    login = nats_account("identity")
    return {
        "database_url": empty_database.url,
        "nats_url": login.url,
        "nats_user": login.user,
        "nats_password": login.password,
    }


@asynccontextmanager
async def checked(running: Running, closed: list[str]) -> AsyncIterator[None]:
    """Something that needs both until it is closed."""
    try:
        yield
    finally:
        await ping(running.engine)
        await running.nats.answers()
        closed.append("opened last")


async def test_facts_are_published_until_it_is_told_to_stop(environment: Environment) -> None:
    """And what was opened besides is closed while database and broker still answer."""
    closed: list[str] = []
    kept: list[tuple[AsyncEngine, Connection]] = []
    up = asyncio.Event()

    async def serve() -> None:
        async with service(PublisherSettings(**environment), "identity") as running:
            kept.append((running.engine, running.nats))
            await running.opened(checked(running, closed))
            up.set()
            await running.run(running.relay(OUTBOX))

    serving = asyncio.create_task(serve())
    await asyncio.wait_for(up.wait(), 30)
    ((engine, connection),) = kept
    async with transaction(engine, SYSTEM_SCOPE) as opened:
        await outbox.append(opened, OUTBOX, fact(1))
    await emptied(engine)
    assert (await connection.jetstream().stream_info("IDENTITY")).state.messages == 1
    serving.cancel()
    await asyncio.wait({serving})
    assert serving.cancelled()
    assert closed == ["opened last"]
    assert connection.is_closed


async def test_one_that_fails_closes_everything_too(environment: Environment) -> None:
    """A loop's failure is the service's."""
    closed: list[str] = []

    kept: list[Connection] = []

    async def dies() -> None:
        raise RuntimeError("a loop died")

    async def serve() -> None:
        async with service(PublisherSettings(**environment), "identity") as running:
            kept.append(running.nats)
            await running.opened(checked(running, closed))
            await running.run(dies())

    with pytest.raises(ExceptionGroup) as failure:
        await serve()
    assert failure.group_contains(RuntimeError, match="a loop died")
    assert closed == ["opened last"]
    assert [connection.is_closed for connection in kept] == [True]


async def test_one_that_publishes_nothing_makes_no_stream(environment: Environment) -> None:
    """Its login may not, either."""
    async with service(ServiceSettings(**environment), "identity") as running:
        with pytest.raises(NotFoundError):
            await running.jetstream.stream_info("IDENTITY")


async def test_a_login_that_is_refused_fails_at_once(environment: Environment) -> None:
    """Nothing runs without a broker; the database that was opened first is given back."""
    with pytest.raises(Exception, match=r"(?i)authorization"):
        async with service(ServiceSettings(**environment | {"nats_password": "wrong"}), "identity"):
            pytest.fail("it came up")
