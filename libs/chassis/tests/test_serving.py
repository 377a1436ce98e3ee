"""An HTTP server between its requests: it keeps the time, and ends when it is told to."""

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import httpx
import pytest
from chassis import health
from chassis.health import HealthServer
from embedded.ports import free_ports

pytestmark = pytest.mark.real_time


@pytest.fixture
async def page() -> AsyncIterator[tuple[httpx.AsyncClient, "asyncio.Task[None]"]]:
    """A health page that answers."""
    (port,) = free_ports(1)
    serving = asyncio.create_task(HealthServer(f"127.0.0.1:{port}", {}).run())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http, asyncio.timeout(20):
        while True:
            try:
                await http.get("/healthz")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
        yield http, serving
    serving.cancel()
    await asyncio.wait({serving})


async def test_answers_tell_the_time(page: tuple[httpx.AsyncClient, "asyncio.Task[None]"]) -> None:
    """Of about now, later too."""
    http, _ = page
    first = parsedate_to_datetime((await http.get("/healthz")).headers["date"])
    async with asyncio.timeout(20):
        while parsedate_to_datetime((await http.get("/healthz")).headers["date"]) == first:
            await asyncio.sleep(0.05)
    told = parsedate_to_datetime((await http.get("/healthz")).headers["date"]).timestamp()
    assert abs(time.time() - told) < 10


async def test_it_ends_at_once(
    page: tuple[httpx.AsyncClient, "asyncio.Task[None]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only when it looks the next time."""
    monkeypatch.setattr(health, "_TICK_S", 3_600.0)
    http, serving = page
    await asyncio.sleep(1.1)
    assert (await http.get("/healthz")).status_code == 200
    serving.cancel()
    done, _ = await asyncio.wait({serving}, timeout=10)
    assert done
    with pytest.raises(httpx.TransportError):
        await http.get("/healthz")
