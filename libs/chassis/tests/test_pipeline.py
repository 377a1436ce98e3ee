"""Connections that speak to libpq themselves: what fails, what is too large, and what is interrupted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest
import uvloop
from chassis import pipeline as pipelines
from chassis.pipeline import Pipeline
from embedded.testing import ServiceDatabase
from psycopg.types.json import Jsonb

pytestmark = pytest.mark.server

MEGABYTE = 1024**2
TABLE = "CREATE TABLE notes (note text PRIMARY KEY); GRANT SELECT, INSERT ON notes TO library_service"
ADD = "INSERT INTO notes (note) VALUES (%s)"
FOUND = "SELECT note FROM notes ORDER BY note"


@pytest.fixture
def database(empty_database: ServiceDatabase) -> ServiceDatabase:
    """A database with a table."""
    with psycopg.connect(empty_database.admin_dsn) as admin:
        admin.execute(TABLE)
    return empty_database


@pytest.fixture
async def pipeline(database: ServiceDatabase) -> AsyncIterator[Pipeline]:
    """A connection of the service's role."""
    opened = await connected(database)
    yield opened
    await opened.close()


async def connected(database: ServiceDatabase) -> Pipeline:
    """Open one."""
    url = database.url.replace("+psycopg", "")
    return Pipeline(await psycopg.AsyncConnection.connect(url, autocommit=True))


async def notes(pipeline: Pipeline) -> list[str]:
    """Return what is there."""
    found = pipeline.send(FOUND)
    await pipeline.answers()
    return [row[0] for row in found]


async def test_each_statement_has_its_own_rows(pipeline: Pipeline) -> None:
    """Whether it was prepared before or is prepared now, and though others come between."""
    for _ in range(3):
        one = pipeline.send("SELECT %s::int, %s::text", [1, "one"])
        nothing = pipeline.send("SELECT 1 WHERE %s::text IS NOT NULL", [None])
        again = pipeline.send("SELECT %s::int, %s::text", [-2, "it's \\ \" %"])
        await pipeline.answers()
        assert (one, nothing, again) == ([(1, "one")], [], [(-2, "it's \\ \" %")])
    assert pipeline.is_idle


async def test_values_and_rows_are_psycopgs(pipeline: Pipeline) -> None:
    """With `%(name)s` as often as it is there, or `%s`; each type's statement is prepared by itself."""
    moment = datetime(2026, 11, 30, 12, tzinfo=UTC)
    for _ in range(2):
        named = pipeline.ask(
            "SELECT %(a)s::text AS a, %(b)s::int AS b, %(a)s || '%%' AS c", {"b": 1, "unused": 0, "a": "x"}
        )
        kinds = pipeline.ask(
            "SELECT %s AS at, %s AS document, %s::text[] AS texts, %s::text AS nothing, %s AS bytes",
            (moment, Jsonb({"a": [1]}), ["x", "{,}"], None, b"\0\1"),
        )
        none = pipeline.ask("SELECT 1 AS one, 2 WHERE false")
        await pipeline.answers()
        assert [(row.a, row.b, row.c) for row in named] == [("x", 1, "x%")]
        assert tuple(kinds[0]) == (moment, {"a": [1]}, ["x", "{,}"], None, b"\0\1")
        assert none == []
    for value in (1, 1.5, True, "text"):
        rows = pipeline.ask("SELECT %s AS value", (value,))
        await pipeline.answers()
        assert rows[0].value == value


async def test_a_lent_connection_is_psycopgs_in_between(database: ServiceDatabase) -> None:
    """In one transaction, too; what fails on either side is undone on both."""
    async with await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", "")) as connection:
        pipeline = Pipeline(connection, lent=True)
        for word in ("a", "b"):
            pipeline.ask("BEGIN")
            pipeline.ask(ADD, [f"{word}1"])
            await pipeline.answers()
            await connection.execute(ADD, [f"{word}2"])
            pipeline.ask(ADD, [f"{word}3"])
            pipeline.ask("COMMIT")
            await pipeline.answers()
            assert pipeline.is_idle
        pipeline.ask("BEGIN")
        pipeline.ask(ADD, ["c"])
        pipeline.ask(ADD, ["a1"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            await pipeline.answers()
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            await connection.execute("SELECT 1")
        await pipeline.undo()
        assert await notes(pipeline) == ["a1", "a2", "a3", "b1", "b2", "b3"]


async def test_what_is_prepared_and_stale_is_prepared_anew(
    pipeline: Pipeline, database: ServiceDatabase
) -> None:
    """A column has another type since, or somebody discarded everything: it fails once, and never again.

    Whatever was prepared besides fails nothing more.
    """
    assert await notes(pipeline) == []
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("ALTER TABLE notes ALTER COLUMN note TYPE varchar(9)")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        await notes(pipeline)
    assert await notes(pipeline) == []
    for statement in ("SELECT 1", "DISCARD ALL"):
        pipeline.send(statement)
        await pipeline.answers()
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        await notes(pipeline)
    pipeline.send("SELECT 1")
    assert await notes(pipeline) == []


async def test_what_comes_after_a_failure_is_not_done(pipeline: Pipeline) -> None:
    """Nor what came before it: not even the commit that was sent with it. The connection lives on."""
    for _ in range(3):
        pipeline.send("BEGIN")
        pipeline.send(ADD, ["before"])
        pipeline.send("SELECT 1 / %s::int", [0])
        pipeline.send(ADD, ["after"])
        pipeline.send("COMMIT")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await pipeline.answers()
        assert not pipeline.is_idle
        await pipeline.undo()
        assert pipeline.is_idle
        assert await notes(pipeline) == []
    # Prepared after the failure, or not at all then: either way it can be sent now.
    pipeline.send(ADD, ["after"])
    assert await notes(pipeline) == ["after"]


async def test_a_failure_is_undone_however_much_is_prepared(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed lets nothing be given up for the statement that undoes it; the connection lives on."""
    monkeypatch.setattr(pipelines, "PREPARED_MAX", 3)
    pipeline.send("BEGIN")
    pipeline.send(ADD, ["before"])
    pipeline.send("SELECT 2")
    pipeline.send("SELECT 1 / %s::int", [0])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await pipeline.answers()
    await pipeline.undo()
    assert pipeline.is_idle
    assert await notes(pipeline) == []


async def test_a_statement_that_can_not_be_prepared_is_prepared_anew(
    pipeline: Pipeline, database: ServiceDatabase
) -> None:
    """What failed once may work later, such as when the table is there."""
    for _ in range(2):
        pipeline.send("SELECT * FROM later")
        with pytest.raises(psycopg.errors.UndefinedTable):
            await pipeline.answers()
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE later AS SELECT 7 AS n")
        admin.execute("GRANT SELECT ON later TO PUBLIC")
    found = pipeline.send("SELECT * FROM later")
    await pipeline.answers()
    assert found == [(7,)]


async def test_a_value_that_would_be_cut_off_is_refused(pipeline: Pipeline) -> None:
    """libpq takes a zero for the end of a text; nothing of the transaction is kept."""
    pipeline.send("BEGIN")
    pipeline.send(ADD, ["before"])
    with pytest.raises(psycopg.DataError):
        pipeline.send(ADD, ["\0cut"])
    await pipeline.undo()
    assert pipeline.is_idle
    assert await notes(pipeline) == []


async def test_more_is_sent_and_answered_than_any_buffer_holds(pipeline: Pipeline) -> None:
    """The database answers while it is still being told: neither waits for the other for ever."""
    sent = [str(number) * MEGABYTE for number in range(8)]
    async with asyncio.timeout(30):
        told = [pipeline.send("SELECT %s::text", [text]) for text in sent]
        pipeline.hurry()
        await pipeline.answers()
    assert [rows[0][0] for rows in told] == sent


async def test_statements_are_forgotten_where_there_are_many(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was used last is kept longest; the database forgets with us."""
    monkeypatch.setattr(pipelines, "PREPARED_MAX", 3)
    for number in range(8):
        pipeline.send(f"SELECT {number}")
        pipeline.send("SELECT 'often'")
        await pipeline.answers()
    kept = pipeline.send("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
    await pipeline.answers()
    assert [row[0] for row in kept] == ["SELECT 'often'", "SELECT 7", *(row[0] for row in kept[2:])]
    assert len(kept) == 3


async def test_whoever_is_interrupted_leaves_nothing_behind(database: ServiceDatabase) -> None:
    """What is being done is cancelled, so that its locks are gone, and the connection serves nobody else."""
    pipeline, other = await connected(database), await connected(database)
    pipeline.send("BEGIN")
    pipeline.send(ADD, ["me"])
    pipeline.send("SELECT pg_sleep(60)")
    waiting = asyncio.create_task(pipeline.answers())
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await pipeline.undo()
    assert not pipeline.is_idle
    async with asyncio.timeout(20):
        await pipeline.close()
        # It would wait for the other's transaction.
        other.send(ADD, ["me"])
        assert await notes(other) == ["me"]
    await other.close()


def test_a_connection_that_is_gone_says_so(database: ServiceDatabase) -> None:
    """Whether it was waited for or not: as whatever else storage that is away is told.

    On the loop of the services, which tells of a socket with an error once.
    """

    async def within(seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await _gone(database)

    for run in (asyncio.run, uvloop.run):
        run(within(40))


async def test_what_fails_when_it_is_committed_says_what_it_is(
    pipeline: Pipeline, database: ServiceDatabase
) -> None:
    """By a commit of its own, or at the end of what has none. The connection lives on."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("ALTER TABLE notes ADD UNIQUE (note) DEFERRABLE INITIALLY DEFERRED")
        admin.execute("ALTER TABLE notes DROP CONSTRAINT notes_pkey")
    for said in (["BEGIN", ADD, ADD, "COMMIT"], [ADD, ADD]):
        for statement in said:
            pipeline.send(statement, ["a"] if statement == ADD else [])
        with pytest.raises(psycopg.errors.UniqueViolation):
            await pipeline.answers()
        assert pipeline.is_idle
        assert await notes(pipeline) == []


async def test_a_connection_that_ends_after_all_was_done_says_so(
    pipeline: Pipeline, database: ServiceDatabase
) -> None:
    """As any other that is gone: nobody knows what was kept, and it is nobody's fault."""
    mine = pipeline.send("SELECT pg_backend_pid()")
    await pipeline.answers()
    for statement in ("BEGIN", "INSERT INTO notes (note) VALUES ('kept')", "COMMIT"):
        pipeline.send(statement)
    pipeline.hurry()
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        async with asyncio.timeout(20):
            while admin.execute(FOUND).fetchall() != [("kept",)]:
                await asyncio.sleep(0.01)
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", mine[0])
    with pytest.raises(psycopg.OperationalError):
        await pipeline.answers()
    assert not pipeline.is_idle


async def _gone(database: ServiceDatabase) -> None:
    for is_waiting in (True, False):
        pipeline = await connected(database)
        mine = pipeline.send("SELECT pg_backend_pid()")
        await pipeline.answers()
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            if is_waiting:
                pipeline.send("SELECT pg_sleep(60)")
                waiting = asyncio.create_task(pipeline.answers())
                await asyncio.sleep(0.2)
                admin.execute("SELECT pg_terminate_backend(%s)", mine[0])
                with pytest.raises(psycopg.OperationalError):
                    await waiting
            else:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", mine[0])
                with pytest.raises(psycopg.OperationalError):
                    await notes(pipeline)
        await pipeline.undo()
        assert not pipeline.is_idle
        await pipeline.close()
