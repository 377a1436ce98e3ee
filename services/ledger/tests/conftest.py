"""Fixtures of the ledger's tests."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from chassis.postgres import create_engine
from ledger.adapters.outbound.memory import MemoryLedger, MemoryLedgerReader
from ledger.adapters.outbound.memory_statements import MemoryStatements
from ledger.adapters.outbound.postgres import PostgresUnitsOfWork
from ledger.adapters.outbound.postgres_reader import PostgresLedgerReader
from ledger.adapters.outbound.postgres_statements import PostgresStatements
from support import CountingIds, HandClock, LedgerUnderTest


@pytest.fixture
def memory_ledger() -> LedgerUnderTest:
    """A ledger in memory."""
    store = MemoryLedger()
    return LedgerUnderTest(
        units=store,
        reader=MemoryLedgerReader(store),
        statements=MemoryStatements(store),
        clock=HandClock(),
        ids=CountingIds(),
    )


@pytest.fixture(params=["memory", "postgres"])
async def any_ledger(request: pytest.FixtureRequest) -> AsyncIterator[LedgerUnderTest]:
    """The same ledger over each store: what holds for one must hold for the other."""
    if request.param == "memory":
        yield request.getfixturevalue("memory_ledger")
        return
    database = request.getfixturevalue("service_database")("ledger")
    engine = create_engine(database.url)
    ids = CountingIds()
    units = PostgresUnitsOfWork(engine, ids)
    yield LedgerUnderTest(
        units=units,
        reader=PostgresLedgerReader(engine),
        statements=PostgresStatements(engine),
        clock=HandClock(),
        ids=ids,
    )
    await units.close()
    await engine.dispose()
