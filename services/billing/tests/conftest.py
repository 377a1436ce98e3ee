"""Fixtures of billing's tests."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from billing.adapters.outbound.memory import MemoryBilling, MemoryBillingReader
from billing.adapters.outbound.postgres import PostgresUnitsOfWork
from billing.adapters.outbound.postgres_reader import PostgresBillingReader
from billing_support import BillingUnderTest, CountingIds
from chassis.postgres import create_engine


@pytest.fixture
def memory_billing() -> BillingUnderTest:
    """Billing in memory."""
    store = MemoryBilling()
    return BillingUnderTest(units=store, reader=MemoryBillingReader(store), ids=CountingIds())


@pytest.fixture(params=["memory", "postgres"])
async def any_billing(request: pytest.FixtureRequest) -> AsyncIterator[BillingUnderTest]:
    """The same use cases over each store."""
    if request.param == "memory":
        yield request.getfixturevalue("memory_billing")
        return
    database = request.getfixturevalue("service_database")("billing")
    engine = create_engine(database.url)
    ids = CountingIds()
    yield BillingUnderTest(
        units=PostgresUnitsOfWork(engine, ids), reader=PostgresBillingReader(engine), ids=ids
    )
    await engine.dispose()
