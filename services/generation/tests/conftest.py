"""Fixtures of generation's tests; what they share lives in `generation_house` and `generation_stack`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from embedded.testing import NatsLogin, S3Login, ServiceDatabase
from generation.adapters.outbound.memory import MemoryUnitsOfWork
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.ports.unit_of_work import UnitsOfWork
from generation_house import House
from generation_stack import Stack
from provider_stage import opens, standins

__all__ = ["opens", "standins"]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A house of its own for each test, which names every fact that it publishes."""
    opened = House()
    async with opened.facts:
        yield opened


@pytest.fixture
def database(service_database: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """A migrated, empty database."""
    return service_database("generation")


@pytest.fixture(params=["memory", "postgres"])
async def units(request: pytest.FixtureRequest) -> AsyncIterator[UnitsOfWork]:
    """Every implementation in turn."""
    if request.param == "memory":
        yield MemoryUnitsOfWork()
        return
    engine = create_engine(request.getfixturevalue("database").url)
    yield PostgresUnitsOfWork(engine, UuidIds())
    await engine.dispose()


@pytest.fixture
async def stack(
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    tmp_path: Path,
) -> AsyncIterator[Stack]:
    """The API as a process, and a ledger that holds credits; workers are started by the test."""
    async with Stack.started(database, nats_account, s3_bucket, tmp_path, "serve-api") as running:
        yield running


@pytest.fixture
async def staffed(
    database: ServiceDatabase,
    nats_account: Callable[[str], NatsLogin],
    s3_bucket: S3Login,
    tmp_path: Path,
) -> AsyncIterator[Stack]:
    """The same with a worker."""
    commands = ("serve-api", "serve-worker")
    async with Stack.started(database, nats_account, s3_bucket, tmp_path, *commands) as running:
        yield running
