"""What a relay says to its database, for a fact and at rest: whatever is added shows here."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from broker_support import OUTBOX, OUTBOX_TABLES, emptied, fact, running
from chassis import outbox, outbox_gauges, relay
from chassis.events import OutgoingEvent
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from chassis.relay import HeldBack, Relay
from chassis.shards import CROWD, SHARDS
from chassis.testing.wire import CAN_TRACE, ROUND_TRIP, Wire, listening
from embedded.testing import ServiceDatabase
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

LOOK, MOVE = ["SELECT outbox", ROUND_TRIP], ["DELETE FROM outbox", ROUND_TRIP]
LISTENING = "SELECT FROM pg_stat_activity WHERE query = 'LISTEN outbox' AND datname = current_database()"


class Broker:
    """Stores what it is told."""

    def __init__(self) -> None:
        self.windows: list[int] = []

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Store them together."""
        self.windows.append(len(events))
        return [None] * len(events)


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """Whoever has something to tell."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def relays_engine(engine: AsyncEngine, empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """The relays' own connections."""
    own = create_engine(empty_database.url)
    yield own
    await own.dispose()


@pytest.fixture
def wire(relays_engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """What is said on those, but for the gauges."""
    if not CAN_TRACE:
        pytest.skip("libpq traces on Linux alone")

    async def unmeasured(_gauges: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(outbox_gauges.OutboxGauges, "run", unmeasured)
    with listening(relays_engine, tmp_path / "wire") as wire:
        yield wire


async def tell(engine: AsyncEngine, *numbers: int) -> None:
    """Commit facts together, of forty accounts."""
    facts = [
        fact(number)._replace(subject=f"tintype.identity.v1.user_registered.usr_{number % 40}")
        for number in numbers
    ]
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await outbox.append_many(connection, OUTBOX, facts)


async def until_it_says(wire: Wire, messages: int) -> None:
    """Return once so much was said."""
    async with asyncio.timeout(20):
        while len(wire.said()) < messages:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("together", [1, 30])
async def test_facts_of_one_commit_are_two_statements(
    engine: AsyncEngine,
    relays_engine: AsyncEngine,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    together: int,
) -> None:
    """Read, published, moved: however many they are."""
    broker = Broker()
    monkeypatch.setattr(relay, "_POLL_S", 3_600.0)
    async with running(Relay(relays_engine, OUTBOX, broker)):
        # One that is told ends whatever the start had to say.
        with psycopg.connect(_dsn(engine), autocommit=True) as other:
            await _listeners(other)
        await tell(engine, 0)
        await emptied(engine)
        await asyncio.sleep(0.1)
        wire.forget()
        broker.windows.clear()
        await tell(engine, *range(together))
        await emptied(engine)
        assert broker.windows == [together]
        assert wire.said() == [*LOOK, *MOVE]


async def test_relays_at_rest_say_one_thing_a_look(
    relays_engine: AsyncEngine, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three share eight shards: whoever has fewer asks for no lock that another has."""
    monkeypatch.setattr(relay, "_POLL_S", 0.02)
    relays = [Relay(relays_engine, OUTBOX, Broker()) for _ in range(3)]
    async with running(*relays):
        async with asyncio.timeout(20):
            while await _led(relays_engine) < SHARDS:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        wire.forget()
        await until_it_says(wire, 20)
        assert set(wire.said()) == {"SELECT outbox", ROUND_TRIP}


async def test_who_stands_by_looks_at_nothing(
    engine: AsyncEngine, relays_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four relays two tell everything, and are woken; another one follows where one of them goes."""
    monkeypatch.setattr(relay, "_POLL_S", 0.02)
    brokers = [Broker() for _ in range(4)]
    tasks = [asyncio.create_task(Relay(relays_engine, OUTBOX, broker).run()) for broker in brokers[:2]]
    number = 0

    async def told_by() -> set[int]:
        nonlocal number
        for broker in brokers:
            broker.windows.clear()
        for _ in range(3):
            await tell(engine, *range(number, number + 40))
            number += 40
            await emptied(engine)
        return {place for place, broker in enumerate(brokers) if broker.windows}

    try:
        await _shared_by(relays_engine, 2)
        tasks += [asyncio.create_task(Relay(relays_engine, OUTBOX, broker).run()) for broker in brokers[2:]]
        first = await told_by()
        assert first == {0, 1}
        with psycopg.connect(_dsn(engine), autocommit=True) as other:
            assert other.execute(LISTENING).rowcount == 2
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await _shared_by(relays_engine, 2)
        second = await told_by()
        assert len(second) == 2
        assert 1 in second
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_all_relays_share_what_two_may_not_come_by(
    relays_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a window full of facts waits; two have all of it again afterwards, and they alone are woken."""
    monkeypatch.setattr(relay, "_POLL_S", 0.02)
    may_store = asyncio.Event()

    class Slow(Broker):
        async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
            await asyncio.wait([asyncio.create_task(may_store.wait())], timeout=0.05)
            if not may_store.is_set():
                return [HeldBack() for _ in events]
            return await super().publish_many(events)

    async with running(*[Relay(relays_engine, OUTBOX, Slow()) for _ in range(3)]):
        await _shared_by(relays_engine, 2)
        for first in range(0, CROWD, 500):
            await tell(relays_engine, *range(first, first + 500))
        await _shared_by(relays_engine, 3)
        may_store.set()
        await emptied(relays_engine)
        await _shared_by(relays_engine, 2)
        with psycopg.connect(_dsn(relays_engine), autocommit=True) as other:
            async with asyncio.timeout(20):
                while other.execute(LISTENING).rowcount != 2:
                    await asyncio.sleep(0.02)


async def test_a_listener_that_was_cut_off_is_replaced(
    engine: AsyncEngine, relays_engine: AsyncEngine
) -> None:
    """Facts are told soon again, and not only at the next look."""
    broker = Broker()
    async with running(Relay(relays_engine, OUTBOX, broker)):
        await tell(engine, 0)
        await emptied(engine)
        with psycopg.connect(_dsn(engine), autocommit=True) as other:
            for _ in range(2):
                before = await _listeners(other)
                other.execute("SELECT pg_terminate_backend(%s)", [before])
                async with asyncio.timeout(20):
                    while await _listeners(other) == before:
                        await asyncio.sleep(0.02)
        await tell(engine, 1)
        await emptied(engine, within_s=10)
    assert sum(broker.windows) == 2


async def test_a_listener_that_was_cut_off_leaves_its_socket_to_others(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number goes to whatever is opened next, which would never hear what comes."""
    loop, listened = asyncio.get_running_loop(), []
    add_reader = loop.add_reader

    def noted(descriptor: int, callback: Any, *arguments: Any) -> None:
        if getattr(callback, "__self__", None).__class__ is asyncio.Event:
            listened.append(descriptor)
        add_reader(descriptor, callback, *arguments)

    monkeypatch.setattr(loop, "add_reader", noted)
    listening = asyncio.create_task(Relay(engine, OUTBOX, Broker())._listen())
    with psycopg.connect(_dsn(engine), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [await _listeners(other)])
    with pytest.raises(psycopg.OperationalError):
        await listening
    (descriptor,) = set(listened)
    assert not loop.remove_reader(descriptor)


def _dsn(engine: AsyncEngine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _listeners(other: psycopg.Connection[tuple[int]]) -> int | None:
    async with asyncio.timeout(20):
        while True:
            row = other.execute(
                "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN outbox' AND state = 'idle'"
            ).fetchone()
            if row is not None:
                return int(row[0])
            await asyncio.sleep(0.02)


async def _shared_by(engine: AsyncEngine, relays: int) -> None:
    """Return once so many lead all shards, each its share."""
    leading = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid"
    )
    with psycopg.connect(_dsn(engine), autocommit=True) as other:
        async with asyncio.timeout(20):
            while True:
                shares = [int(row[0]) for row in other.execute(leading).fetchall()]
                if len(shares) == relays and sum(shares) == SHARDS and max(shares) - min(shares) <= 1:
                    return
                await asyncio.sleep(0.02)


async def _led(engine: AsyncEngine) -> int:
    with psycopg.connect(_dsn(engine), autocommit=True) as other:
        row = other.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
    return int(row[0]) if row else 0
