"""What a transaction says to the database, and how often it waits for an answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import LiteralString

import psycopg
import pytest
from broker_support import INBOX, OUTBOX, OUTBOX_TABLES, fact
from chassis import inbox, outbox, round_trips
from chassis.postgres import SYSTEM_SCOPE, create_engine, ping, transaction
from chassis.testing.wire import ROUND_TRIP, Wire
from embedded.testing import ServiceDatabase
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

SCOPE = ["BEGIN", "SELECT set_config", ROUND_TRIP]
TABLE = "CREATE TABLE notes (note text PRIMARY KEY); GRANT SELECT, INSERT ON notes TO library_service"
ADD = "INSERT INTO notes (note) VALUES (%s)"
SLEEPING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"


@pytest.fixture
async def engine(empty_database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox, an inbox and a table."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(OUTBOX_TABLES)
        admin.execute(inbox.INBOX_DDL)
        admin.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO library_service")
        admin.execute(TABLE)
    engine = create_engine(empty_database.url, pool_size=1)
    yield engine
    await engine.dispose()


async def notes(engine: AsyncEngine) -> list[str]:
    """What is kept."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        return list((await connection.execute(text("SELECT note FROM notes ORDER BY note"))).scalars())


async def test_what_asks_for_nothing_says_nothing(engine: AsyncEngine, wire: Wire) -> None:
    """Not even that it begins."""
    async with transaction(engine, "usr_1"):
        pass
    assert wire.said() == []


async def test_the_scope_begins_the_transaction(engine: AsyncEngine, wire: Wire) -> None:
    """Both travel together, before a statement of SQLAlchemy's."""
    async with transaction(engine, "usr_'1") as connection:
        scope = await connection.scalar(text("SELECT current_setting('app.account')"))
    assert scope == "usr_'1"
    assert wire.said() == [*SCOPE, "SELECT current_setting", ROUND_TRIP, "COMMIT", ROUND_TRIP]


async def test_a_fact_travels_with_the_commit(engine: AsyncEngine, wire: Wire) -> None:
    """An event that is handled costs two round trips, whatever follows from it."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        assert await inbox.first_time(connection, INBOX, consumer="ledger", event_id="evt_1")
        await outbox.append_many(connection, OUTBOX, [fact(1), fact(2)])
    assert wire.said() == [
        *("BEGIN", "SELECT set_config", "INSERT INTO inbox", ROUND_TRIP),
        *("INSERT INTO outbox", "INSERT INTO outbox", "SELECT pg_notify", "COMMIT", ROUND_TRIP),
    ]


async def test_relays_are_woken_once_a_transaction(engine: AsyncEngine, wire: Wire) -> None:
    """However many facts it tells one by one; the next one wakes them again."""
    for first in (1, 4):
        wire.forget()
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            for number in range(first, first + 3):
                await outbox.append(connection, OUTBOX, fact(number))
        said = wire.said()
        assert (said.count("INSERT INTO outbox"), said.count("SELECT pg_notify")) == (3, 1)


async def test_what_comes_after_a_commit_wakes_relays_too(engine: AsyncEngine, wire: Wire) -> None:
    """It is another transaction."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await outbox.append(connection, OUTBOX, fact(1))
        await round_trips.require(connection).ask_and_commit("SELECT 1")
        await outbox.append(connection, OUTBOX, fact(2))
    assert wire.said().count("SELECT pg_notify") == 2


async def test_a_last_question_travels_with_the_commit(engine: AsyncEngine, wire: Wire) -> None:
    """A look is one round trip; what waited for it is kept."""
    async with transaction(engine, "usr_1") as connection:
        way = round_trips.require(connection)
        way.later(ADD, ["a"])
        (row,) = await way.ask_and_commit("SELECT current_setting('app.account') AS scope")
    assert row.scope == "usr_1"
    assert wire.said() == [
        *("BEGIN", "SELECT set_config", "INSERT INTO notes", "SELECT current_setting", "COMMIT", ROUND_TRIP)
    ]
    assert await notes(engine) == ["a"]


async def test_a_last_question_that_fails_commits_nothing(engine: AsyncEngine) -> None:
    """The commit behind it is skipped, and the connection is good for others."""
    async with engine.connect() as connection:
        way = await round_trips.opened(connection, account="usr_1")
        way.later(ADD, ["a"])
        with pytest.raises(DBAPIError):
            await way.ask_and_commit("SELECT 1 / 0")
        await way.undo()
        await round_trips.closed(connection)
    assert await notes(engine) == []


async def test_what_had_failed_is_not_said_to_be_committed(engine: AsyncEngine) -> None:
    """Whoever goes on after a failure is told at the commit that nothing was kept."""

    async def goes_on() -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            way.later(ADD, ["a"])
            with pytest.raises(DBAPIError):
                await way.ask("SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="nothing was committed"):
        await goes_on()
    assert await notes(engine) == []


@pytest.mark.parametrize("unsayable", ["\0", "\ud800", object()], ids=["zero", "surrogate", "no value"])
async def test_what_could_not_be_sent_is_not_left_out(engine: AsyncEngine, unsayable: object) -> None:
    """The database knows nothing of it: whoever goes on commits nothing all the same, and asks no more."""

    async def goes_on() -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            for note in ("a", unsayable, "c"):
                way.later(ADD, [note])
            with pytest.raises((DBAPIError, UnicodeError)):
                await way.send()
            with pytest.raises(DBAPIError, match="nothing was committed"):
                await way.ask("SELECT 1")

    with pytest.raises(DBAPIError, match="nothing was committed"):
        await goes_on()
    assert await notes(engine) == []


async def test_a_question_sees_what_was_said_before_it(engine: AsyncEngine) -> None:
    """SQLAlchemy's too."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        way = round_trips.require(connection)
        way.later(ADD, ["a"])
        assert [row.note for row in await way.ask("SELECT note FROM notes")] == ["a"]
        way.later(ADD, ["b"])
        assert await connection.scalar(text("SELECT count(*) FROM notes")) == 2
        way.later(ADD, ["c"])
    assert await notes(engine) == ["a", "b", "c"]


async def test_an_exception_undoes_what_was_sent_and_what_was_not(engine: AsyncEngine) -> None:
    """The connection is as good as before: there is no other."""

    async def fail() -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            way.later(ADD, ["a"])
            await way.send()
            way.later(ADD, ["b"])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await notes(engine) == []


async def test_what_breaks_later_keeps_nothing(engine: AsyncEngine) -> None:
    """It is raised in SQLAlchemy's words, at the latest by the commit; what came with it is undone."""

    async def add(*added: str, ask: LiteralString | None = None) -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            for note in added:
                way.later(ADD, [note])
            if ask:
                await way.ask(ask)

    with pytest.raises(IntegrityError):
        await add("a", "b", "a")
    with pytest.raises(DBAPIError, match="no_such_table"):
        await add("a", ask="SELECT FROM no_such_table")
    assert await notes(engine) == []
    await add("a", "b")
    assert await notes(engine) == ["a", "b"]


async def test_a_connection_that_is_gone_keeps_nothing_and_is_replaced(
    engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """The work fails as an outage; the next one has another connection."""

    async def lose() -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            way.later(ADD, ["a"])
            (session,) = await way.ask("SELECT pg_backend_pid() AS pid")
            with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [session.pid])

    with pytest.raises(OperationalError):
        await lose()
    assert await notes(engine) == []


async def test_what_psycopg_discards_is_prepared_anew(engine: AsyncEngine) -> None:
    """It discards everything that is prepared where it undoes what it prepared something in."""
    for number in range(12):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            assert await round_trips.require(connection).ask("SELECT %s::int AS number", [number])
        async with engine.connect() as connection:
            # Prepared once it came often; undone when the connection goes back.
            await connection.execute(text("SELECT note FROM notes WHERE note = :note"), {"note": "a"})
    async with engine.connect() as connection:
        await connection.execute(text("SELECT note FROM notes WHERE note = :note"), {"note": "a"})
        await connection.rollback()
        await connection.execute(text("SELECT 1"))
    assert await notes(engine) == []


async def test_what_is_prepared_is_prepared_once(engine: AsyncEngine) -> None:
    """Though others undo what they began on the connection, as whoever asks whether the database is there:
    what is prepared anew would be in the database's memory for as long as the connection lives.
    """
    kept = set()
    for _ in range(20):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            (row,) = await way.ask("SELECT count(*) AS number FROM pg_prepared_statements")
        kept.add(row.number)
        await ping(engine)
    assert len(kept) <= 2


async def test_who_is_interrupted_leaves_nothing_behind(
    engine: AsyncEngine, empty_database: ServiceDatabase
) -> None:
    """What is being done is stopped, its locks are gone at once, and another connection serves others."""

    async def hold() -> None:
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            way = round_trips.require(connection)
            way.later(ADD, ["a"])
            await way.ask("SELECT pg_sleep(60)")

    holding = asyncio.create_task(hold())
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as admin:
        async with asyncio.timeout(20):
            while not admin.execute(SLEEPING).fetchone():
                await asyncio.sleep(0.01)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    async with asyncio.timeout(20), transaction(engine, SYSTEM_SCOPE) as connection:
        # It would wait for the other's transaction.
        round_trips.require(connection).later(ADD, ["a"])
    assert await notes(engine) == ["a"]


async def test_a_scope_ends_with_its_transaction(engine: AsyncEngine) -> None:
    """The pool's connection sees nobody's rows afterwards."""
    async with transaction(engine, SYSTEM_SCOPE) as connection:
        await connection.execute(text("SELECT 1"))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_setting('app.account', true)")) in ("", None)
        assert round_trips.of(connection) is None


async def test_a_connection_that_nobody_put_right_is_lent_no_more(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is undone afterwards is undone: it does not commit statement by statement."""

    async def cut_short(_: object) -> None:
        raise asyncio.CancelledError

    async def fail() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO notes (note) VALUES ('a')"))
            raise LookupError

    monkeypatch.setattr(round_trips, "closed", cut_short)
    with pytest.raises(asyncio.CancelledError):
        async with transaction(engine, SYSTEM_SCOPE) as connection:
            await connection.execute(text("SELECT 1"))
    monkeypatch.undo()
    with pytest.raises(LookupError):
        await fail()
    assert await notes(engine) == []
