"""The writer's connections: what fails, what is too large, and what is interrupted."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import uvloop
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.postgres import pipeline as pipelines
from ledger.adapters.outbound.postgres.pipeline import Pipeline

MEGABYTE = 1024**2
OPEN = "INSERT INTO accounts (account_id) VALUES (%s)"
FOUND = "SELECT account_id FROM accounts ORDER BY account_id"


@pytest.fixture
async def pipeline(database: ServiceDatabase) -> AsyncIterator[Pipeline]:
    """A connection of the service's role that sees every account."""
    opened = await connected(database)
    yield opened
    await opened.close()


async def connected(database: ServiceDatabase) -> Pipeline:
    """Open one."""
    url = database.url.replace("+psycopg", "")
    return Pipeline(await psycopg.AsyncConnection.connect(url, autocommit=True, options="-c app.account=*"))


async def accounts(pipeline: Pipeline) -> list[str]:
    """Return the accounts that were opened."""
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


async def test_what_comes_after_a_failure_is_not_done(pipeline: Pipeline) -> None:
    """Nor what came before it: not even the commit that was sent with it. The connection lives on."""
    for _ in range(3):
        pipeline.send("BEGIN")
        pipeline.send(OPEN, ["usr_before"])
        pipeline.send("SELECT 1 / %s::int", [0])
        pipeline.send(OPEN, ["usr_after"])
        pipeline.send("COMMIT")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await pipeline.answers()
        assert not pipeline.is_idle
        await pipeline.undo()
        assert pipeline.is_idle
        assert await accounts(pipeline) == []
    # Prepared after the failure, or not at all then: either way it can be sent now.
    pipeline.send(OPEN, ["usr_after"])
    assert await accounts(pipeline) == ["usr_after"]


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
    pipeline.send(OPEN, ["usr_before"])
    with pytest.raises(psycopg.DataError):
        pipeline.send(OPEN, ["usr_\0cut"])
    await pipeline.undo()
    assert pipeline.is_idle
    assert await accounts(pipeline) == []


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
    pipeline.send(OPEN, ["usr_me"])
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
        other.send(OPEN, ["usr_me"])
        assert await accounts(other) == ["usr_me"]
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
                    await accounts(pipeline)
        await pipeline.undo()
        assert not pipeline.is_idle
        await pipeline.close()
