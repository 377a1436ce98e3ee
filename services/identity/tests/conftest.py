"""Fixtures of identity's tests; what they share lives in `identity_world`."""

from collections.abc import AsyncIterator, Callable

import pytest
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from identity_world import Storage, World, memory_storage, postgres_storage
from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


@pytest.fixture
def database(service_database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """A migrated, empty database."""
    return service_database("identity")


@pytest.fixture
async def engine(database: ServiceDatabase) -> AsyncIterator[AsyncEngine]:
    """A pool of the service's own role."""
    engine = create_engine(database.url)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
async def storage(request: pytest.FixtureRequest) -> AsyncIterator[Storage]:
    """Every implementation of storage in turn."""
    if request.param == "memory":
        yield memory_storage()
        return
    database: ServiceDatabase = request.getfixturevalue("database")
    engine = create_engine(database.url)
    yield postgres_storage(engine)
    await engine.dispose()
