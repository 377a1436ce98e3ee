"""Items until something else happens: each end closes both."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from gateway.application.until import until


class Source:
    """Items that come when they are put, and whether the reader let go."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int | Exception | None] = asyncio.Queue()
        self.stop = asyncio.Event()
        self.is_closed = self.is_stopped = False

    async def items(self) -> AsyncGenerator[int, None]:
        """Numbers until None."""
        try:
            while (item := await self.queue.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.is_closed = True

    async def stopping(self) -> None:
        """Until the event."""
        try:
            await self.stop.wait()
        finally:
            self.is_stopped = True

    def read(self) -> AsyncGenerator[int, None]:
        """What is under test."""
        return until(self.stopping(), self.items())


@pytest.fixture
def source() -> Source:
    """A fresh one."""
    return Source()


async def test_it_ends_with_its_items(source: Source) -> None:
    """Everything is delivered, and nobody waits for the other end any more."""
    for item in (1, 2, None):
        source.queue.put_nowait(item)
    assert [item async for item in source.read()] == [1, 2]
    await asyncio.sleep(0)
    assert source.is_closed
    assert source.is_stopped


async def test_it_ends_in_the_middle(source: Source) -> None:
    """While it waits for an item that does not come."""
    reading = source.read()
    source.queue.put_nowait(1)
    assert await anext(reading) == 1
    waiting = asyncio.ensure_future(anext(reading, "ended"))
    await asyncio.sleep(0)
    source.stop.set()
    async with asyncio.timeout(10):
        assert await waiting == "ended"
    assert source.is_closed


@pytest.mark.parametrize("give_up", [False, True])
async def test_a_reader_that_leaves(source: Source, give_up: bool) -> None:
    """Between two items, or while it waits for one: both sides are let go."""
    reading = source.read()
    source.queue.put_nowait(1)
    assert await anext(reading) == 1
    if give_up:
        waiting = asyncio.ensure_future(anext(reading))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    await reading.aclose()
    await asyncio.sleep(0)
    assert source.is_closed
    assert source.is_stopped


async def test_a_failure_is_passed_on(source: Source) -> None:
    """Whoever reads learns what went wrong."""
    source.queue.put_nowait(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await anext(source.read())
    assert source.is_closed


async def test_many_items_keep_nobody_else_waiting(source: Source) -> None:
    """Whoever has something to say in between is heard: also that it is over."""
    for item in range(100):
        source.queue.put_nowait(item)
    reading = source.read()
    heard = []
    async for item in reading:
        heard.append(item)
        asyncio.get_running_loop().call_soon(source.stop.set)
    assert len(heard) < 10
    assert source.is_closed
