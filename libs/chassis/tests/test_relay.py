"""Several relays at once: each account's facts in order, whoever publishes them and whatever breaks."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from broker_support import OUTBOX, OUTBOX_TABLES, client, emptied, fact, listener, running
from chassis import outbox
from chassis.events import IncomingEvent, OutgoingEvent
from chassis.nats import connect, ensure_stream
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from chassis.publisher import Publisher
from chassis.relay import BrokerAway, HeldBack, Relay, Unpublishable
from embedded.component import running as process
from embedded.nats_server import NatsServer
from embedded.ports import free_ports
from embedded.testing import NatsLogin, ServiceDatabase, nats_password, nats_passwords
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

ACCOUNTS = 20


class Recorder:
    """A broker that stores what it is sent, may refuse an account, and may be killed in between."""

    def __init__(self) -> None:
        self.stored: dict[str, list[int]] = defaultdict(list)
        self.refused: set[str] = set()
        self.slow_s = 0.0

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Store in order; stop an account at its first refusal."""
        await asyncio.sleep(self.slow_s)
        outcomes: list[Exception | None] = []
        for one in events:
            account = one.subject.rpartition(".")[2]
            if account in self.refused:
                outcomes.append(Unpublishable("too large"))
                continue
            self.stored[account].append(int(one.payload))
            outcomes.append(None)
        return outcomes


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


async def write(engine: AsyncEngine, numbers: Sequence[int]) -> None:
    """Commit numbered facts about many accounts, a few at a time."""
    for start in range(0, len(numbers), 7):
        facts = [
            fact(number)._replace(subject=f"tintype.identity.v1.user_registered.usr_{number % ACCOUNTS}")
            for number in numbers[start : start + 7]
        ]
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            await outbox.append_many(connection, OUTBOX, facts)


async def test_relays_share_the_accounts_and_keep_each_in_order(engine: AsyncEngine) -> None:
    """Three relays publish at once, and one goes away: nothing is lost, no account out of order."""
    brokers = [Recorder() for _ in range(3)]
    relays = [Relay(engine, OUTBOX, broker) for broker in brokers]
    order: dict[str, list[int]] = defaultdict(list)
    for broker in brokers:
        broker.stored = order
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        await write(engine, range(200))
        await emptied(engine)
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await write(engine, range(200, 400))
        await emptied(engine)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert {account: list(range(int(account[4:]), 400, ACCOUNTS)) for account in order} == order
    assert len(order) == ACCOUNTS


async def test_more_relays_mean_fewer_shards_each(engine: AsyncEngine) -> None:
    """A relay that comes gets its share, and what one that leaves held is taken over."""
    brokers = [Recorder(), Recorder()]
    for broker in brokers:
        broker.slow_s = 0.01
    async with running(Relay(engine, OUTBOX, brokers[0])):
        await write(engine, range(40))
        await emptied(engine)
        assert len(brokers[0].stored) == ACCOUNTS
        second = asyncio.create_task(Relay(engine, OUTBOX, brokers[1]).run())
        try:
            async with asyncio.timeout(20):
                while not brokers[1].stored:
                    await write(engine, range(40))
                    await emptied(engine)
        finally:
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
        shared = set(brokers[1].stored)
        assert 0 < len(shared) < ACCOUNTS
        brokers[0].stored.clear()
        await write(engine, range(40))
        await emptied(engine)
    assert set(brokers[0].stored) >= shared


async def test_a_session_that_could_not_leave_keeps_no_shard(
    engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """It ends, and its locks with it, though nobody could give them up: another relay leads at once."""
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        # Found before PostgreSQL's own by whoever looks here first.
        admin.execute("CREATE SCHEMA broken")
        admin.execute("GRANT USAGE ON SCHEMA broken TO PUBLIC")
        admin.execute(
            "CREATE FUNCTION broken.pg_advisory_unlock_all() RETURNS void LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE 'it can not'; END $$"
        )
    async with contextlib.AsyncExitStack() as opened:
        stuck = create_engine(empty_database.url, pool_size=1)
        opened.push_async_callback(stuck.dispose)
        event.listen(stuck.sync_engine, "connect", _look_into_broken_first)
        first, second = Recorder(), Recorder()
        async with running(Relay(stuck, OUTBOX, first)):
            await write(engine, range(20))
            await emptied(engine)
        # The pool is open still, as it is while its relay tries again.
        await opened.enter_async_context(running(Relay(engine, OUTBOX, second)))
        await write(engine, range(20, 40))
        await emptied(engine)
    assert (len(first.stored), len(second.stored)) == (ACCOUNTS, ACCOUNTS)


def _look_into_broken_first(connection: Any, _record: object) -> None:
    connection.autocommit = True
    connection.cursor().execute("SET search_path = broken, pg_catalog, public")
    connection.autocommit = False


async def test_a_fact_that_cant_be_published_holds_back_its_own_account_only(engine: AsyncEngine) -> None:
    """The others go on, and it goes on in order once it can."""
    broker = Recorder()
    broker.refused = {"usr_3"}
    async with running(Relay(engine, OUTBOX, broker)):
        await write(engine, range(60))
        async with asyncio.timeout(20):
            while sum(map(len, broker.stored.values())) < 57:
                await asyncio.sleep(0.02)
        assert "usr_3" not in broker.stored
        broker.refused.clear()
        await emptied(engine)
    assert broker.stored["usr_3"] == [3, 23, 43]


async def test_requests_that_wait_for_every_connection_make_no_fact_late(
    engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """The relay has the connection of its locks, whatever becomes of the pool."""
    crowded = create_engine(empty_database.url, pool_size=3)
    broker = Recorder()
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(crowded.dispose)
        await opened.enter_async_context(running(Relay(crowded, OUTBOX, broker)))
        await write(engine, range(20))
        await emptied(engine)
        for _ in range(2):
            await opened.enter_async_context(crowded.connect())
        # Sooner than a request gives up its place in the queue for a connection.
        async with asyncio.timeout(8):
            await write(engine, range(20, 40))
            await emptied(engine)
    assert sorted(number for numbers in broker.stored.values() for number in numbers) == list(range(40))


async def test_a_relay_ends_though_the_broker_swallows_the_cancellation(engine: AsyncEngine) -> None:
    """As clients do that wait by `asyncio.wait_for` before Python 3.12; what was stored is not sent again."""
    await write(engine, range(3))
    sent = asyncio.Event()

    class Swallowing(Recorder):
        async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
            if not sent.is_set():
                sent.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            return await super().publish_many(events)

    task = asyncio.create_task(Relay(engine, OUTBOX, Swallowing()).run())
    await sent.wait()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=10)
    assert done
    await emptied(engine)


@pytest.mark.timeout(400)
async def test_a_broker_that_restarts_loses_nothing(engine: AsyncEngine, tmp_path: Path) -> None:
    """Killed in the middle of a backlog: every fact is in the stream once, each account's in order."""
    server = NatsServer(data_folder=tmp_path / "nats", port=free_ports(1)[0], passwords=nats_passwords())
    seen: dict[str, list[int]] = defaultdict(list)

    async def handle(event: IncomingEvent) -> None:
        numbers = seen[event.subject.rpartition(".")[2]]
        if int(event.payload) not in numbers:
            numbers.append(int(event.payload))

    with process(server, log=tmp_path / "nats.log"):
        nats = await connect(server.url, user="identity", password=nats_password("identity"), name="test")
        await ensure_stream(nats.jetstream(), "identity")
        await write(engine, range(2_000))
        relaying = asyncio.create_task(Relay(engine, OUTBOX, Publisher(nats.jetstream())).run())
        # It may be writing a thousand facts to a slow disk.
        stream = nats.jetstream(timeout=30)
        async with asyncio.timeout(60):
            while (await stream.stream_info("IDENTITY")).state.messages == 0:
                await asyncio.sleep(0.005)
    with process(server, log=tmp_path / "nats.log"):
        # A batch that was stored unheard is published one by one, each of its facts with a write to disk.
        await emptied(engine, within_s=120)
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        consumer = await connect(server.url, user="ledger", password=nats_password("ledger"), name="test")
        subscription = listener(
            consumer,
            handle,
            max_in_flight=1,
        )
        # One at a time: thousands of round trips.
        async with running(subscription), asyncio.timeout(120):
            while sum(map(len, seen.values())) < 2_000:
                await asyncio.sleep(0.05)
        await consumer.close()
        await nats.close()
    assert {account: list(range(int(account[4:]), 2_000, ACCOUNTS)) for account in seen} == seen


async def test_an_event_that_cant_be_kept_is_not_given_up(nats_account: Callable[[str], NatsLogin]) -> None:
    """Storage is away for longer than all deliveries, for the handler and for the dead letters."""
    handled: list[str] = []
    keeps = 0

    async def handle(event: IncomingEvent) -> None:
        if event.deliveries < 4:
            raise ValueError("not yet")
        handled.append(event.event_id)

    async def keep(_event: IncomingEvent, _failure: Exception) -> None:
        nonlocal keeps
        keeps += 1
        raise OperationalError("INSERT", {}, ConnectionError("away"))

    async with client(nats_account("identity")) as producer, client(nats_account("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        one = fact(1)
        await Publisher(producer.jetstream()).publish(one)
        subscription = listener(
            consumer,
            handle,
            max_deliveries=1,
            on_dead_letter=keep,
        )
        async with running(subscription), asyncio.timeout(30):
            while one.event_id not in handled:
                await asyncio.sleep(0.05)
    assert keeps == 3


async def test_a_long_outage_uses_nothing_up(
    nats_account: Callable[[str], NatsLogin], tmp_path: Path
) -> None:
    """Thousands of attempts while the broker is away, or of facts that are too large, then all goes on."""
    server = NatsServer(data_folder=tmp_path / "nats", port=free_ports(1)[0], passwords=nats_passwords())
    with process(server, log=tmp_path / "nats.log"):
        nats = await connect(server.url, user="identity", password=nats_password("identity"), name="test")
        await ensure_stream(nats.jetstream(), "identity")
        publisher = Publisher(nats.jetstream())
        large = [fact(number)._replace(payload=bytes(2 * 1024**2)) for number in range(3)]
        assert all(isinstance(one, Unpublishable | HeldBack) for one in await publisher.publish_many(large))
    while nats.is_connected:
        await asyncio.sleep(0.05)
    away = [
        fact(number)._replace(subject=f"tintype.identity.v1.user_registered.usr_{number}")
        for number in range(5_000)
    ]
    assert all(isinstance(one, BrokerAway) for one in await publisher.publish_many(away))
    with process(server, log=tmp_path / "nats.log"):
        while not nats.is_connected:
            await asyncio.sleep(0.05)
        async with asyncio.timeout(30):
            assert await publisher.publish_many(away) == [None] * len(away)
        await nats.close()


class Busy(Exception):
    """A handler that has too much to do just now."""


@pytest.mark.parametrize(
    "outage", [OperationalError("SELECT", {}, ConnectionError("away")), Busy()], ids=repr
)
async def test_an_outage_is_nobodys_fault(
    outage: Exception, nats_account: Callable[[str], NatsLogin]
) -> None:
    """While the handler's storage is away, or it is busy, an event is never counted as poisoned."""
    handled: list[str] = []
    kept: list[str] = []

    async def handle(event: IncomingEvent) -> None:
        if event.deliveries < 4:
            raise outage
        handled.append(event.event_id)

    async def keep(event: IncomingEvent, _failure: Exception) -> None:
        kept.append(event.event_id)

    async with client(nats_account("identity")) as producer, client(nats_account("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        one = fact(1)
        await Publisher(producer.jetstream()).publish(one)
        subscription = listener(
            consumer,
            handle,
            max_deliveries=1,
            on_dead_letter=keep,
            outages=(Busy,),
        )
        async with running(subscription), asyncio.timeout(30):
            while one.event_id not in handled:
                await asyncio.sleep(0.05)
    assert kept == []
