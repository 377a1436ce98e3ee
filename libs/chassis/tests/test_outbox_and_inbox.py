"""Relay and consumer over a real PostgreSQL and NATS: nothing lost, nothing twice, whatever breaks."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

import psycopg
import pytest
from broker_support import INBOX, OUTBOX, OUTBOX_TABLES, client, emptied, fact, listener, running
from chassis import inbox, outbox
from chassis.events import IncomingEvent, OutgoingEvent
from chassis.nats import ensure_stream
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from chassis.publisher import Publisher
from chassis.relay import BrokerAway, Relay
from embedded.testing import NatsLogin, ServiceDatabase
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

EVENTS = 400


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox and an inbox."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
        admin.execute(inbox.INBOX_DDL)
        admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO library_service")
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def login(nats_account: Callable[[str], NatsLogin]) -> Callable[[str], NatsLogin]:
    """NATS, without streams."""
    return nats_account


async def write(engine: AsyncEngine, numbers: Sequence[int]) -> None:
    """Commit each fact in a transaction of its own; every fifth is undone."""
    for number in numbers:
        try:
            async with transaction(engine, SYSTEM_SCOPE) as connection:
                await outbox.append(connection, OUTBOX, fact(number))
                if number % 5 == 4:
                    raise LookupError("undone")
        except LookupError:
            pass


class Sometimes:
    """A broker whose answer is lost now and then: published, but nobody knows."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._calls = 0

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish all, and lose the answers from the middle on, every second time."""
        outcomes = await self._publisher.publish_many(events)
        self._calls += 1
        if self._calls % 2:
            half = len(outcomes) // 2
            return outcomes[:half] + [BrokerAway("no answer")] * (len(outcomes) - half)
        return outcomes


async def test_every_committed_fact_has_one_effect(
    engine: AsyncEngine, login: Callable[[str], NatsLogin]
) -> None:
    """Concurrent writers, two relays, lost answers, failing handlers: each fact counts once."""
    effects: Counter[bytes] = Counter()
    failed: set[str] = set()

    async def handle(event: IncomingEvent) -> None:
        if int(event.payload) % 7 == 0 and event.event_id not in failed:
            failed.add(event.event_id)
            raise ValueError("the first delivery fails")
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            if await inbox.first_time(connection, INBOX, consumer="ledger", event_id=event.event_id):
                effects[event.payload] += 1

    async with client(login("identity")) as producer, client(login("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        publisher = Sometimes(Publisher(producer.jetstream()))
        relays = [Relay(engine, OUTBOX, publisher) for _ in range(2)]
        subscription = listener(
            consumer,
            handle,
        )
        async with running(*relays, subscription):
            await asyncio.gather(*(write(engine, range(start, EVENTS, 4)) for start in range(4)))
            await emptied(engine)
            wanted = {str(number).encode() for number in range(EVENTS) if number % 5 != 4}
            async with asyncio.timeout(30):
                while set(effects) != wanted:
                    await asyncio.sleep(0.05)
    assert set(effects.values()) == {1}


async def test_events_that_cant_come_again_are_forgotten(engine: AsyncEngine) -> None:
    """All of them, in bounded transactions; an event that may still be delivered again is kept."""
    rows = text(
        "INSERT INTO inbox (consumer, event_id, received_at) "
        "SELECT 'ledger', 'evt_' || n, now() - CAST(:age AS interval) "
        "FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n"
    )
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await connection.execute(rows, {"age": "31 days", "first": 1, "last": 5_001})
        await connection.execute(rows, {"age": "29 days", "first": 6_001, "last": 6_003})
    assert await inbox.prune(engine, INBOX) == 5_001
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        kept = (await connection.execute(text("SELECT event_id FROM inbox ORDER BY 1"))).scalars().all()
    assert kept == ["evt_6001", "evt_6002", "evt_6003"]


async def test_a_poisoned_event_is_given_up_and_the_others_go_on(login: Callable[[str], NatsLogin]) -> None:
    """It is kept by the callback, and blocks nobody."""
    handled: list[bytes] = []
    given_up: list[bytes] = []

    async def handle(event: IncomingEvent) -> None:
        if event.payload == b"0":
            raise ValueError("poison")
        handled.append(event.payload)

    async def keep(event: IncomingEvent, _failure: Exception) -> None:
        given_up.append(event.payload)

    async with client(login("identity")) as producer, client(login("ledger")) as consumer:
        await ensure_stream(producer.jetstream(), "identity")
        await Publisher(producer.jetstream()).publish_many([fact(number) for number in range(10)])
        subscription = listener(
            consumer,
            handle,
            max_deliveries=2,
            on_dead_letter=keep,
        )
        async with running(subscription), asyncio.timeout(20):
            while len(handled) < 9 or not given_up:
                await asyncio.sleep(0.05)
    assert sorted(handled) == [str(number).encode() for number in range(1, 10)]
    assert given_up == [b"0"]


async def test_a_consumer_waits_for_its_stream(login: Callable[[str], NatsLogin]) -> None:
    """Services may start in any order."""
    handled = asyncio.Event()

    async def handle(_event: IncomingEvent) -> None:
        handled.set()

    async with client(login("identity")) as producer, client(login("ledger")) as consumer:
        subscription = listener(
            consumer,
            handle,
        )
        async with running(subscription):
            await ensure_stream(producer.jetstream(), "identity")
            await Publisher(producer.jetstream()).publish(fact(1))
            await asyncio.wait_for(handled.wait(), 15)


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("ledger", "tintype.generation.v1.generation_succeeded.usr_1"),
        ("gateway", "tintype.billing.v1.payment_completed.usr_1"),
        ("generation", "tintype.ledger.v1.credits_granted.usr_1"),
        ("ledger", "$JS.API.STREAM.DELETE.BILLING"),
    ],
)
async def test_nobody_can_forge_anothers_facts(
    login: Callable[[str], NatsLogin], user: str, subject: str
) -> None:
    """The broker refuses what is not the service's own; nothing is stored."""
    refusals: list[str] = []
    context = subject.split(".")[1] if subject.startswith("tintype") else "billing"
    async with client(login(context)) as owner, client(login(user)) as forger:
        await ensure_stream(owner.jetstream(), context)

        async def note(error: Exception) -> None:
            refusals.append(str(error).lower())

        forger._error_cb = note
        await forger.publish(subject, b"forged")
        await forger.flush()
        async with asyncio.timeout(5):
            while not refusals:
                await asyncio.sleep(0.02)
        info = await owner.jetstream().stream_info(context.upper())
    assert "permissions violation" in refusals[0]
    assert info.state.messages == 0


async def test_without_a_scope_nothing_is_visible(engine: AsyncEngine) -> None:
    """A transaction needs a scope; the setting ends with it."""
    with pytest.raises(ValueError, match="SYSTEM_SCOPE"):
        async with transaction(engine, ""):
            pass
    async with transaction(engine, "usr_1") as connection:
        assert await connection.scalar(text("SELECT current_setting('app.account', true)")) == "usr_1"
    async with engine.connect() as connection:
        assert not await connection.scalar(text("SELECT current_setting('app.account', true)"))
