"""Fixtures of the greeter's tests."""

from collections.abc import AsyncIterator

import pytest
from chassis.postgres import create_engine
from greeter.adapters.outbound.memory import MemoryUnitsOfWork
from greeter.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from greeter.ports.unit_of_work import UnitsOfWork


@pytest.fixture(params=["memory", "postgres"])
async def units(request: pytest.FixtureRequest) -> AsyncIterator[UnitsOfWork]:
    """Every implementation in turn."""
    if request.param == "memory":
        yield MemoryUnitsOfWork()
        return
    engine = create_engine(request.getfixturevalue("service_database")("greeter").url)
    yield PostgresUnitsOfWork(engine)
    await engine.dispose()
