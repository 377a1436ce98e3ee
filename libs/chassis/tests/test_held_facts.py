"""A fact that can't be published: its account waits, nobody else does, and a person can see and end it."""

import argparse
import asyncio
import io
import math
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
import structlog
from broker_support import OUTBOX, OUTBOX_TABLES, client, fact, running, waiting
from chassis import outbox, outbox_command
from chassis.events import OutgoingEvent
from chassis.held_facts import HeldFacts
from chassis.nats import ensure_stream
from chassis.outbox_gauges import OutboxGauges
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from chassis.published_facts import PublishedFacts
from chassis.publisher import Publisher
from chassis.relay import Relay
from embedded.nats_permissions import ADMIN
from embedded.testing import NatsLogin, ServiceDatabase
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.server

Login = Callable[[str], NatsLogin]
SUBJECT = "tintype.identity.v1.user_registered."
UNPUBLISHABLE = {
    "a space at the end": fact(0)._replace(subject=f"{SUBJECT}usr_x "),
    "a dot at the end": fact(0)._replace(subject=f"{SUBJECT}usr_x."),
    "two dots": fact(0)._replace(subject=f"{SUBJECT}usr..x"),
    "a wildcard": fact(0)._replace(subject=f"{SUBJECT}*"),
    "no id": fact(0)._replace(subject=SUBJECT),
    "too long": fact(0)._replace(subject=f"{SUBJECT}{'x' * 65}"),
    "not latin": fact(0)._replace(subject=f"{SUBJECT}usr_图"),
    "the size": fact(0)._replace(subject=f"{SUBJECT}usr_x", payload=bytes(1024**2)),
    "another's subject": fact(0)._replace(subject="tintype.billing.v1.payment_completed.usr_x"),
}


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


async def write(engine: AsyncEngine, *facts: OutgoingEvent) -> None:
    """Commit facts, in this order."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await outbox.append_many(connection, OUTBOX, facts)


async def stored(login: Login) -> list[str]:
    """The ids of the facts that the stream holds, in its order."""
    async with client(login(ADMIN)) as reader:
        stream = reader.jetstream()
        count = (await stream.stream_info("IDENTITY")).state.messages
        messages = [await stream.get_msg("IDENTITY", seq=place + 1) for place in range(count)]
    return [(one.headers or {})["ce-id"] for one in messages]


async def command(engine: AsyncEngine, *words: str) -> tuple[int, str]:
    """Run the command as a person does."""
    parser, out = argparse.ArgumentParser(), io.StringIO()
    outbox_command.add_arguments(parser)
    held, published = HeldFacts(engine, OUTBOX), PublishedFacts(engine)
    code = await outbox_command.run(parser.parse_args(words), held, published, out=out)
    return code, out.getvalue()


@pytest.mark.parametrize("bad", UNPUBLISHABLE.values(), ids=UNPUBLISHABLE)
async def test_it_holds_back_its_own_account_and_is_told_once(
    bad: OutgoingEvent, engine: AsyncEngine, nats_account: Login
) -> None:
    """The others go on for hours; it is listed with its cause, and once dropped what waits behind it goes."""
    others = [fact(number) for number in range(30)]
    behind = bad._replace(event_id="evt_behind", payload=b"1")
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        with structlog.testing.capture_logs() as logs:
            async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
                await write(engine, *others[:10], bad, *others[10:20])
                await write(engine, behind, *others[20:])
                assert await waiting(engine, until=2)
                # Tried again meanwhile, and told no second time.
                async with asyncio.timeout(20):
                    while (held := await HeldFacts(engine, OUTBOX).list())[0].failures < 2:
                        await asyncio.sleep(0.05)
        assert producer.is_connected
    told = [one for one in logs if one["log_level"] == "error"]
    assert [one["event_id"] for one in told] == [bad.event_id]
    assert [(one.event_id, one.account, one.waiting) for one in held] == [(bad.event_id, bad.account, 1)]
    assert sorted(await stored(nats_account)) == sorted(one.event_id for one in others)
    code, listed = await command(engine, "list")
    assert (code, listed.count("\n")) == (0, 1)
    assert bad.event_id in listed
    assert held[0].error in listed
    assert await command(engine, "drop", bad.event_id) == (0, f"{bad.event_id}  dropped\n")
    assert (await command(engine, "drop", bad.event_id))[0] == 1
    assert await command(engine, "list") == (0, "every fact can be published\n")


async def test_what_waits_behind_a_dropped_fact_is_published(
    engine: AsyncEngine, nats_account: Login
) -> None:
    """In its order, after what came before the fact that was dropped."""
    facts = [fact(3 * number) for number in range(4)]
    large = facts[1]._replace(payload=bytes(1024**2))
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
            await write(engine, facts[0], large, *facts[2:])
            assert await waiting(engine, until=3)
            assert (await command(engine, "drop", "--account", "usr_0"))[0] == 0
            assert await waiting(engine, until=0)
    assert await stored(nats_account) == [facts[0].event_id, facts[2].event_id, facts[3].event_id]


async def test_a_mended_fact_is_published_when_a_person_says_so(
    engine: AsyncEngine, nats_account: Login
) -> None:
    """The subject was another's; once it is right, `retry` need not wait for the next attempt."""
    bad = fact(0)._replace(subject=f"{SUBJECT}usr_x ")
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
            await write(engine, bad)
            async with asyncio.timeout(20):
                while not (held := await HeldFacts(engine, OUTBOX).list()):
                    await asyncio.sleep(0.05)
            assert held[0].error
            assert await command(engine, "retry", bad.event_id) == (0, f"{bad.event_id}  tried again\n")
            assert (await command(engine, "retry", "evt_unknown"))[0] == 1
            assert (await command(engine, "retry"))[0] == 2
    assert await stored(nats_account) == []


@pytest.mark.parametrize(
    "header", ["a" * 1024**2, "00-\x01", "图", f"00-{'a' * 32}-{'b' * 16}-01-{'c' * 100_000}"], ids=repr
)
async def test_a_bad_trace_costs_no_fact(header: str, engine: AsyncEngine, nats_account: Login) -> None:
    """A header that no broker takes is left out; the fact is published, and the connection lives."""
    one = fact(1)._replace(headers={"traceparent": header, "tracestate": header[:600]})
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
            await write(engine, one, fact(2))
            assert await waiting(engine, until=0)
        assert producer.is_connected
        assert (await producer.jetstream().stream_info("IDENTITY")).state.messages == 2


def gauge(name: str) -> float:
    """A gauge's value."""
    value = REGISTRY.get_sample_value(name)
    assert value is not None
    return value


async def test_the_gauges_tell_what_the_database_holds(engine: AsyncEngine) -> None:
    """Whatever the relay does: none runs here. What can't be measured is unknown, not zero."""
    gauges = OutboxGauges(engine, OUTBOX)
    await write(engine, fact(0), fact(3), fact(1))
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await connection.execute(OUTBOX.update().where(OUTBOX.c.id == 1).values(retry_at="2026-01-01T00:00Z"))
    await gauges.measure()
    assert gauge("outbox_backlog_events") == 3
    assert 0 < gauge("outbox_oldest_age_seconds") < 60
    assert gauge("outbox_held_back_accounts") == 1
    assert gauge("outbox_unpublishable_events") == 1
    measured_at = gauge("outbox_measured_timestamp_seconds")
    away = OutboxGauges(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), OUTBOX)
    with pytest.raises(OperationalError):
        await away.measure()
    async with running(away), asyncio.timeout(20):
        while not math.isnan(gauge("outbox_backlog_events")):
            await asyncio.sleep(0.01)
        assert math.isnan(gauge("outbox_oldest_age_seconds"))
        assert math.isnan(gauge("outbox_held_back_accounts"))
    assert gauge("outbox_measured_timestamp_seconds") == measured_at
