"""A relay that is killed before or after it publishes a command's facts, and what the next one finds."""

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import psycopg
import pytest
from chassis.clock import SystemClock
from chassis.events import OutgoingEvent
from chassis.ids import UuidIds, new_id
from chassis.nats import connect, ensure_stream
from chassis.postgres import create_engine
from chassis.publisher import Publisher
from chassis.relay import Relay
from command_makers import grant, reserve
from embedded.nats_permissions import ADMIN
from embedded.testing import NatsLogin, ServiceDatabase
from every_command import KINDS
from ledger.adapters.outbound.postgres import tables
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from ledger.domain.lot import Category
from nats.js import JetStreamContext

pytestmark = pytest.mark.server

Facts = dict[str, list[str]]


class DyingPublisher(Publisher):
    """A broker's client whose process is killed once it published, or just before."""

    def __init__(self, js: JetStreamContext, *, after: bool) -> None:
        super().__init__(js)
        self._after = after

    async def publish_many(self, events: Sequence[OutgoingEvent]) -> list[Exception | None]:
        """Publish, or not, and die."""
        if self._after:
            assert await super().publish_many(events) == [None] * len(events)
        os.kill(os.getpid(), signal.SIGKILL)
        return []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_facts_are_in_the_stream_once_whenever_a_relay_dies(
    kind: str, after: bool, database: ServiceDatabase, nats_account: Callable[[str], NatsLogin]
) -> None:
    """None is lost, none is there twice, and each account's are in order."""
    asyncio.run(apply(database, kind))
    waiting = outbox(database)
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(relay(database, nats_account("ledger"), dies_after=after))
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert outbox(database) == waiting
    assert asyncio.run(stored(nats_account(ADMIN))) == (waiting if after else {})
    asyncio.run(relay(database, nats_account("ledger")))
    assert outbox(database) == {}
    assert asyncio.run(stored(nats_account(ADMIN))) == waiting


async def apply(database: ServiceDatabase, kind: str) -> None:
    """Apply one of every kind to an account that holds 40 of a payment's 100 credits."""
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, UuidIds())
    writer = CommandWriter(units, SystemClock(), UuidIds())
    account, payment = new_id("usr"), new_id("pi")
    await writer.apply(grant(account, 100, Category.PAID, payment_id=payment))
    held = await writer.apply(reserve(account, 40))
    assert held is not None
    await writer.apply_batch(KINDS[kind](account, held.made_id, payment))
    await units.close()
    await engine.dispose()


async def relay(database: ServiceDatabase, login: NatsLogin, *, dies_after: bool | None = None) -> None:
    """Publish until nothing waits, or until death."""
    async with AsyncExitStack() as stack:
        engine = create_engine(database.url)
        stack.push_async_callback(engine.dispose)
        broker = await connect(login.url, user=login.user, password=login.password, name="test")
        stack.push_async_callback(broker.close)
        stream = broker.jetstream()
        await ensure_stream(stream, "ledger")
        publisher = Publisher(stream) if dies_after is None else DyingPublisher(stream, after=dies_after)
        running = asyncio.create_task(Relay(engine, tables.outbox, publisher).run())
        async with asyncio.timeout(30):
            while outbox(database):
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait({running})


def outbox(database: ServiceDatabase) -> Facts:
    """The ids of the facts that wait, an account's in their order."""
    facts: Facts = defaultdict(list)
    with psycopg.connect(database.admin_dsn) as admin:
        for subject, event_id in admin.execute("SELECT subject, ce_id FROM outbox ORDER BY id"):
            facts[subject.rpartition(".")[2]].append(event_id)
    return facts


async def stored(login: NatsLogin) -> Facts:
    """The ids of the facts that the stream holds, an account's in their order."""
    facts: Facts = defaultdict(list)
    reader = await connect(login.url, user=login.user, password=login.password, name="test")
    stream = reader.jetstream()
    for place in range((await stream.stream_info("LEDGER")).state.messages):
        message = await stream.get_msg("LEDGER", seq=place + 1)
        facts[(message.subject or "").rpartition(".")[2]].append((message.headers or {})["ce-id"])
    await reader.close()
    return facts
