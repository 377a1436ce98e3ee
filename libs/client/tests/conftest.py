"""Fixtures of the client's tests; what they share lies in `client_world`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from client_world import Network, client_of
from gateway_world import Door, make_door
from tintype_client import AsyncTintype, Tintype, running


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A gateway over ports in memory, at which somebody has signed up who has 1000 credits."""
    door = make_door()
    async with door.http:
        await door.sign_up(welcome_credits=1000)
        yield door


@pytest.fixture
async def network(door: Door, monkeypatch: pytest.MonkeyPatch) -> Network:
    """The way to it, on which jobs come a step further whenever somebody looks."""
    monkeypatch.setattr(running, "LOOK_DELAY_S", 0)
    return Network(door)


@pytest.fixture(params=[Tintype, AsyncTintype], ids=["waits", "asyncio"])
async def client(request: pytest.FixtureRequest, network: Network, token: str) -> Any:
    """Each of the two clients."""
    return client_of(request.param, network, token)


@pytest.fixture
def token(door: Door) -> str:
    """What opens the account."""
    return door.http.headers["Authorization"].removeprefix("Bearer ")
