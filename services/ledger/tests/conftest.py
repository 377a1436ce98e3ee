"""Fixtures of the ledger's tests; what they share lives in `support` and `command_makers`."""

from collections.abc import AsyncIterator, Callable

import pytest
from chassis.clock import SystemClock
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from ledger.application.command_writer import CommandWriter
from postgres_ledgers import Replicas
from sqlalchemy.ext.asyncio import AsyncEngine
from support import CountingIds, LedgerUnderTest

# The machine's assertions are told as those of a test are.
pytest.register_assert_rewrite("any_order")


@pytest.fixture
def database(service_database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """A migrated, empty database."""
    return service_database("ledger")


@pytest.fixture
async def engine(database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A pool of the service's own role."""
    engine = create_engine(database.url)
    yield engine
    await engine.dispose()


@pytest.fixture
def memory_ledger() -> LedgerUnderTest:
    """A ledger in memory."""
    return LedgerUnderTest.over_memory(MemoryLedger())


@pytest.fixture(params=["memory", "postgres"])
async def any_ledger(request: pytest.FixtureRequest) -> AsyncIterator[LedgerUnderTest]:
    """The same ledger over each store: what holds for one must hold for the other."""
    if request.param == "memory":
        yield request.getfixturevalue("memory_ledger")
        return
    database: ServiceDatabase = request.getfixturevalue("database")
    engine = create_engine(database.url)
    ids = CountingIds()
    units = PostgresUnitsOfWork(engine, ids)
    yield LedgerUnderTest.over_postgres(engine, units, ids)
    await units.close()
    await engine.dispose()


@pytest.fixture
async def replicas(engine: AsyncEngine) -> AsyncIterator[Replicas]:
    """A ledger that runs three times."""
    units = [PostgresUnitsOfWork(engine, UuidIds()) for _ in range(3)]
    yield Replicas(engine, [CommandWriter(one, SystemClock(), UuidIds()) for one in units])
    for one in units:
        await one.close()
