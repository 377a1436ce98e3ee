"""What only PostgreSQL can promise."""

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest
from chassis import inbox
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from generation.adapters.outbound.postgres import tables
from generation.adapters.outbound.postgres.presence import present
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.domain.errors import StorageUnavailable
from generation.domain.identifiers import GenerationId
from psycopg.errors import CheckViolation, InsufficientPrivilege
from sqlalchemy import Table

pytestmark = pytest.mark.server

INSERT = """
    INSERT INTO generations (generation_id, account_id, model_id, modality, status, input, provider_order,
        metadata, price_credits, price_units, price_breakdown, idempotency_key, fingerprint, progress,
        credits_charged, cancel_requested, created_at, deadline_at)
    VALUES ('gen_1', 'usr_alice', 'm', 'image', %s, '{}', '{local}', '{}', 5, 1, '', 'k', 'f', 0, 0, false,
        now(), now())
"""


@pytest.fixture
def service(database: ServiceDatabase) -> psycopg.Connection:
    """A login as the service's own role."""
    return psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True)


def test_without_a_scope_nothing_is_visible(service: psycopg.Connection) -> None:
    """A transaction that names no account sees no row and writes none."""
    with service.transaction():
        service.execute("SELECT set_config('app.account', 'usr_alice', true)")
        service.execute(INSERT, ["reserving"])
    assert service.execute("SELECT count(*) FROM generations").fetchone() == (0,)
    with pytest.raises(InsufficientPrivilege):
        service.execute(INSERT.replace("gen_1", "gen_2"), ["reserving"])
    with service.transaction():
        service.execute("SELECT set_config('app.account', '*', true)")
        assert service.execute("SELECT count(*) FROM generations").fetchone() == (1,)


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_field_has_its_column(service: psycopg.Connection, table: Table) -> None:
    """What the code writes is what the migrations made, no column more or less but for what defaults fill."""
    made = service.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table.name]
    )
    filled = {"spooled_answers": {"kept_at"}}
    assert {name for (name,) in made} - filled.get(table.name, set()) == set(table.columns.keys())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM generations",
        "UPDATE generations SET price_credits = 1",
        "UPDATE generations SET account_id = 'usr_bob'",
        "UPDATE outputs SET object_key = 'x'",
        "DELETE FROM attempts",
        "UPDATE inbox SET received_at = now()",
        "DROP TABLE generations",
        "ALTER TABLE generations DISABLE ROW LEVEL SECURITY",
    ],
)
def test_the_role_may_not(service: psycopg.Connection, statement: str) -> None:
    """What no use case does, the role can't do."""
    with pytest.raises(InsufficientPrivilege):
        service.execute(statement)


async def test_what_was_handled_long_ago_is_forgotten(database: ServiceDatabase) -> None:
    """The role may forget what can't come again, and only that is forgotten."""
    with psycopg.connect(database.url.replace("+psycopg", ""), autocommit=True) as service:
        service.execute(
            "INSERT INTO inbox (consumer, event_id, received_at)"
            " VALUES ('worker', 'evt_old', now() - interval '31 days'), ('worker', 'evt_new', now())"
        )
        assert await inbox.prune(create_engine(database.url), tables.inbox) == 1
        assert service.execute("SELECT event_id FROM inbox").fetchall() == [("evt_new",)]


def test_nothing_runs_without_a_reservation(service: psycopg.Connection) -> None:
    """The database refuses a queued job that holds no credits."""
    service.execute("SET app.account = '*'")
    with pytest.raises(CheckViolation):
        service.execute(INSERT, ["queued"])


async def test_a_database_that_goes_away_says_so(database: ServiceDatabase) -> None:
    """A connection cut in the middle of a transaction is a refusal that callers may repeat."""
    engine = create_engine(database.url)
    units = PostgresUnitsOfWork(engine, UuidIds())

    async def cut_off() -> None:
        async with units.of_system() as work:
            with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'generation_service' AND datname = current_database()"
                )
            await work.generations.get(GenerationId("gen_1"))

    with pytest.raises(StorageUnavailable):
        await cut_off()
    async with units.of_system() as work:
        assert await work.generations.get(GenerationId("gen_1")) is None
    await engine.dispose()


async def test_a_worker_is_there_until_its_session_ends(database: ServiceDatabase) -> None:
    """Others see it soon after it came, whatever its name hashes to, and soon no longer when it is gone."""
    engine = create_engine(database.url)
    workers = [f"wrk_{number}" for number in range(8)]

    async def seen() -> set[str]:
        async with PostgresUnitsOfWork(engine, UuidIds()).of_system() as work:
            return set(await work.attempts.living([*workers, "wrk_other"]))

    async def until_seen(expected: set[str]) -> None:
        async with asyncio.timeout(10):
            while await seen() != expected:
                await asyncio.sleep(0.01)

    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(present(engine, worker))
        await until_seen(set(workers))
    # The server lets go of a session's locks when it notices that its client is gone.
    await until_seen(set())
    await engine.dispose()
