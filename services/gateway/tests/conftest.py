"""Fixtures of gateway's tests; what they share lives in `gateway_world`."""

from collections.abc import AsyncIterator, Callable

import pytest
from chassis.postgres import create_engine
from embedded.testing import ServiceDatabase
from gateway_world import Door, ask_for, make_door
from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A gateway over ports in memory."""
    door = make_door()
    async with door.http:
        yield door


@pytest.fixture
async def rich(door: Door) -> Door:
    """A caller with credits and one job."""
    user = await door.sign_up(welcome_credits=1000)
    await ask_for(door, "a heron", who=user)
    return door


@pytest.fixture
async def engine(service_database: Callable[[str], ServiceDatabase]) -> AsyncIterator[AsyncEngine]:
    """A pool of the service's own role on a migrated, empty database."""
    engine = create_engine(service_database("gateway").url)
    yield engine
    await engine.dispose()
