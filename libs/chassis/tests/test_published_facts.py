"""Facts that were published are kept for a while, and published again for a broker that lost them."""

import argparse
import asyncio
import contextlib
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from broker_support import INBOX, OUTBOX, OUTBOX_TABLES, client, emptied, fact, listener, running, waiting
from chassis import inbox, outbox, outbox_command
from chassis.events import IncomingEvent, OutgoingEvent
from chassis.held_facts import HeldFacts
from chassis.nats import STREAM_MAX_AGE_S, ensure_stream
from chassis.postgres import SYSTEM_SCOPE, create_engine, transaction
from chassis.published_facts import KEPT_DAYS, PAGE_ROWS, PublishedFacts
from chassis.publisher import Publisher
from chassis.relay import Relay
from embedded.nats_permissions import ADMIN
from embedded.testing import NatsLogin, ServiceDatabase
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

Login = Callable[[str], NatsLogin]
FACTS = 60


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox and an inbox."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
        admin.execute(inbox.INBOX_DDL)
        admin.execute("GRANT SELECT, INSERT, DELETE ON inbox TO library_service")
    engine = create_engine(empty_database.url)
    yield engine
    await engine.dispose()


@pytest.fixture
def admin(empty_database: ServiceDatabase, engine: AsyncEngine) -> psycopg.Connection:
    """Someone who may do anything with the tables of `engine`."""
    return psycopg.connect(empty_database.admin_dsn, autocommit=True)


async def write(engine: AsyncEngine, *facts: OutgoingEvent) -> None:
    """Commit facts, in this order."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await outbox.append_many(connection, OUTBOX, facts)


async def publish(engine: AsyncEngine, login: Login, *facts: OutgoingEvent) -> None:
    """Commit facts and have them published."""
    await write(engine, *facts)
    async with client(login("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
            await emptied(engine)


async def lose_everything(login: Login) -> None:
    """The broker's data is gone."""
    async with client(login(ADMIN)) as broker:
        await broker.jetstream().delete_stream("IDENTITY")


async def stored(login: Login) -> dict[str, list[str]]:
    """The ids of the facts that the stream holds, in its order, by account."""
    by_account: dict[str, list[str]] = defaultdict(list)
    async with client(login(ADMIN)) as reader:
        stream = reader.jetstream()
        state = (await stream.stream_info("IDENTITY")).state
        for place in range(state.first_seq, state.last_seq + 1):
            message = await stream.get_msg("IDENTITY", seq=place)
            by_account[(message.subject or "").rpartition(".")[2]].append((message.headers or {})["ce-id"])
    return dict(by_account)


def ids(facts: Sequence[OutgoingEvent]) -> dict[str, list[str]]:
    """The same of facts that were written."""
    by_account: dict[str, list[str]] = defaultdict(list)
    for one in facts:
        by_account[one.account].append(one.event_id)
    return dict(by_account)


async def command(engine: AsyncEngine, *words: str) -> tuple[int, str]:
    """Run the command as a person does."""
    parser, out = argparse.ArgumentParser(), io.StringIO()
    outbox_command.add_arguments(parser)
    held, published = HeldFacts(engine, OUTBOX), PublishedFacts(engine)
    code = await outbox_command.run(parser.parse_args(words), held, published, out=out)
    return code, out.getvalue()


async def kept(engine: AsyncEngine) -> Sequence[Row[tuple[object, ...]]]:
    """Every fact that is kept."""
    async with engine.begin() as connection:
        return (await connection.execute(text("SELECT * FROM published_facts ORDER BY id"))).all()


async def test_an_empty_broker_gets_what_the_lost_one_had(engine: AsyncEngine, nats_account: Login) -> None:
    """The same facts under the same ids, each account's in order, before what waited meanwhile."""
    facts = [fact(number) for number in range(FACTS)]
    await publish(engine, nats_account, *facts[:50])
    await lose_everything(nats_account)
    await write(engine, *facts[50:])
    assert await command(engine, "republish", "--since", "1h") == (0, "50 facts wait to be published again\n")
    before = await kept(engine)
    await publish(engine, nats_account)
    assert await stored(nats_account) == ids(facts)
    # When it may be forgotten follows from when it was first told.
    assert [row for row in await kept(engine) if row.id <= before[-1].id] == before


async def test_a_broker_that_remembers_takes_them_again(engine: AsyncEngine, nats_account: Login) -> None:
    """A consumer that was restored from a dump has forgotten what the broker still knows: it comes again."""
    facts = [fact(number) for number in range(FACTS)]
    await publish(engine, nats_account, *facts)
    assert (await command(engine, "republish", "--since", "1h"))[0] == 0
    await publish(engine, nats_account)
    told = await stored(nats_account)
    assert told == {account: once * 2 for account, once in ids(facts).items()}


async def test_who_had_handled_them_does_nothing_again(engine: AsyncEngine, nats_account: Login) -> None:
    """One consumer had handled half of them: the other half has its effect, and nothing has it twice."""
    effects: list[str] = []

    async def handle(event: IncomingEvent) -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            if await inbox.first_time(connection, INBOX, consumer="ledger", event_id=event.event_id):
                effects.append(event.event_id)

    async def all_handled() -> None:
        async with client(nats_account("ledger")) as consumer, running(listener(consumer, handle)):
            async with asyncio.timeout(30):
                while not await is_empty(consumer):
                    await asyncio.sleep(0.05)

    async def is_empty(consumer: Client) -> bool:
        with contextlib.suppress(NotFoundError):
            info = await consumer.jetstream().consumer_info("IDENTITY", "ledger")
            return not info.num_pending and not info.num_ack_pending
        return False

    facts = [fact(number) for number in range(FACTS)]
    await publish(engine, nats_account, *facts[: FACTS // 2])
    await all_handled()
    assert len(effects) == FACTS // 2
    await publish(engine, nats_account, *facts[FACTS // 2 :])
    await lose_everything(nats_account)
    for _ in range(2):
        assert (await command(engine, "republish", "--since", "1h"))[0] == 0
        await publish(engine, nats_account)
        await all_handled()
    assert sorted(effects) == sorted(one.event_id for one in facts)


async def test_twice_at_once_is_once(engine: AsyncEngine, nats_account: Login) -> None:
    """What waits to be published again already is not put there a second time."""
    facts = [fact(number) for number in range(FACTS)]
    await publish(engine, nats_account, *facts)
    await lose_everything(nats_account)
    published, now = PublishedFacts(engine), datetime.now(UTC)
    hour = {"since": now - timedelta(hours=1), "until": now}
    counts = await asyncio.gather(*(published.republish(**hour) for _ in range(3)))
    assert sum(counts) == FACTS
    await waiting(engine, until=FACTS)
    await publish(engine, nats_account)
    assert await stored(nats_account) == ids(facts)


async def test_the_relay_goes_on_meanwhile(engine: AsyncEngine, nats_account: Login) -> None:
    """New facts come while old ones are told again, twice: none is lost, and no account's are mixed up."""
    old = [fact(number) for number in range(FACTS)]
    await publish(engine, nats_account, *old)
    await lose_everything(nats_account)
    new: list[OutgoingEvent] = []
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")

        async def go_on_writing() -> None:
            for number in range(FACTS):
                new.append(fact(number))
                await write(engine, new[-1])

        async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
            writing = asyncio.create_task(go_on_writing())
            for _ in range(2):
                assert (await command(engine, "republish", "--since", "1h"))[0] == 0
            await writing
            await emptied(engine)
    for account, told in (await stored(nats_account)).items():
        # The broker knows an id for two minutes, so that each is there once.
        assert sorted(told) == sorted(ids(old)[account] + ids(new)[account])
        assert [one for one in told if one in ids(old)[account]] == ids(old)[account]
        assert [one for one in told if one in ids(new)[account]] == ids(new)[account]


async def test_what_was_never_published_is_not_republished(engine: AsyncEngine, nats_account: Login) -> None:
    """A held fact stays held, though older facts of its account pass it; a dropped one is never told."""
    facts = [fact(3 * number) for number in range(4)]
    large = facts[2]._replace(payload=bytes(1024**2))
    dropped = fact(1)._replace(payload=bytes(1024**2))
    await publish(engine, nats_account, *facts[:2])
    await lose_everything(nats_account)
    async with client(nats_account("identity")) as producer:
        await ensure_stream(producer.jetstream(), "identity")
        async with running(Relay(engine, OUTBOX, Publisher(producer.jetstream()))):
            await write(engine, large, facts[3], dropped)
            async with asyncio.timeout(20):
                while len(held := await HeldFacts(engine, OUTBOX).list()) < 2:
                    await asyncio.sleep(0.05)
            assert (await command(engine, "drop", dropped.event_id))[0] == 0
            told = await command(engine, "republish", "--since", "1h")
            assert told == (0, "2 facts wait to be published again\n")
            await waiting(engine, until=2)
    assert await stored(nats_account) == ids(facts[:2])
    (still_held,) = await HeldFacts(engine, OUTBOX).list()
    assert still_held.event_id == large.event_id
    assert still_held.failures >= held[0].failures
    assert {row.ce_id for row in await kept(engine)} == {one.event_id for one in facts[:2]}


async def test_only_what_was_asked_for(
    engine: AsyncEngine, admin: psycopg.Connection, nats_account: Login
) -> None:
    """By time, from the first instant until before the last; and by subject, as NATS reads patterns."""
    facts = [fact(number) for number in range(6)]
    await publish(engine, nats_account, *facts)
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    for hour, one in enumerate(facts):
        at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=24 - hour)
        noon = at if hour == 2 else noon
        admin.execute("UPDATE published_facts SET published_at = %s WHERE ce_id = %s", (at, one.event_id))
    two_hours = ("--since", noon.isoformat(), "--until", (noon + timedelta(hours=2)).isoformat())
    for subject, count in (
        ("tintype.identity.v1.user_registered.usr_2", 1),
        ("tintype.*.v1.user_registered.usr_0", 1),
        ("tintype.identity.>", 2),
        ("tintype.identity.v1.user_registered", 0),
        ("tintype.billing.>", 0),
        ("tintype.identity.v1.*", 0),
        (".*", 0),
    ):
        found = await command(engine, "republish", *two_hours, "--subject", subject)
        assert found == (0, f"{count} facts wait to be published again\n"), subject
        admin.execute("DELETE FROM outbox")
    assert (await command(engine, "republish", *two_hours))[1].startswith("2 ")


@pytest.mark.parametrize(
    "words",
    [("--since", "15d"), ("--since", "1h", "--until", "2h"), ("--since", "2020-01-01T00:00Z")],
    ids=" ".join,
)
async def test_what_cant_be_meant_is_refused(
    words: tuple[str, ...], engine: AsyncEngine, nats_account: Login, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is published again that the reader of the answer does not expect."""
    await publish(engine, nats_account, fact(1))
    assert await command(engine, "republish", *words) == (2, "")
    assert capsys.readouterr().err
    await waiting(engine, until=0)


@pytest.mark.parametrize("words", ["", "yesterday", "2026-11-28T12:00", "-1h", "1h "])
def test_a_time_says_which_it_is(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An age, or an instant with its offset: there is no local time on a server."""
    parser = argparse.ArgumentParser()
    outbox_command.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["republish", "--since", words])
    assert "--since" in capsys.readouterr().err


async def test_pages_leave_nothing_out(engine: AsyncEngine, admin: psycopg.Connection) -> None:
    """More facts than a page holds, many of them published at the same instant."""
    count = 2 * PAGE_ROWS + 7
    admin.execute(
        "INSERT INTO published_facts (id, subject, ce_id, ce_type, ce_source, ce_time, headers, payload)"
        " SELECT n, 'tintype.identity.v1.user_registered.usr_' || mod(n, 3), 'evt_' || n, 't', 's',"
        " now(), '{}', ''"
        " FROM generate_series(1, %s) n",
        (count,),
    )
    assert await command(engine, "republish", "--since", "1h") == (
        0,
        f"{count} facts wait to be published again\n",
    )
    rows = admin.execute("SELECT id FROM outbox ORDER BY id").fetchall()
    assert [row[0] for row in rows] == list(range(1, count + 1))


async def test_facts_are_forgotten_when_no_stream_would_hold_them(
    engine: AsyncEngine, admin: psycopg.Connection
) -> None:
    """A page at a time, by one relay at a time; those that are a day younger stay."""
    old, young = 2 * PAGE_ROWS + 7, 9
    admin.execute(
        "INSERT INTO published_facts"
        " (id, subject, ce_id, ce_type, ce_source, ce_time, headers, payload, published_at)"
        " SELECT n, 's', 'evt_' || n, 't', 's', now(), '{}', '',"
        "  now() - make_interval(days => CASE WHEN n > %s THEN %s ELSE %s END) FROM generate_series(1, %s) n",
        (old, KEPT_DAYS - 1, KEPT_DAYS + 1, old + young),
    )
    pruned = await asyncio.gather(*(PublishedFacts(engine).prune() for _ in range(3)))
    while sum(pruned) != old:
        # Whoever finds another at it leaves it to them.
        pruned.append(await PublishedFacts(engine).prune())
    assert len(await kept(engine)) == young
    plan = "\n".join(
        row[0]
        for row in admin.execute(
            "EXPLAIN SELECT id FROM published_facts WHERE published_at < now()"
            " ORDER BY published_at, id LIMIT 9"
        )
    )
    assert "published_facts_by_time" in plan


def test_an_inbox_remembers_for_longer_than_a_fact_can_come_again() -> None:
    """Told again on the last day that it is kept, and read on the last day that the stream keeps it."""
    assert timedelta(days=inbox.KEPT_DAYS) > timedelta(days=KEPT_DAYS, seconds=STREAM_MAX_AGE_S)
