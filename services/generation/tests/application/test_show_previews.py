"""Between who makes previews and who listens: what is let through, when, and how many there were."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from generation.adapters.outbound.memory_services import MemoryIntake
from generation.application import show_previews
from generation.application.show_previews import Showing
from generation.ports.media_intake import ReceivedMedia
from generation.ports.media_provider import Preview


@dataclass
class Gate(MemoryIntake):
    """Looks into nothing before it is opened."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    looked: int = 0

    @asynccontextmanager
    async def receive(self, output: Any, **more: Any) -> AsyncIterator[ReceivedMedia]:
        self.looked += 1
        await self.opened.wait()
        async with super().receive(output, **more) as media:
            yield media


@asynccontextmanager
async def looking(showing: Showing) -> AsyncIterator[None]:
    """Look into what is offered meanwhile."""
    task = asyncio.create_task(showing.look())
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()


@pytest.mark.parametrize(("size_bytes", "shown"), [(0, 0), (1, 1), (10, 1), (11, 0)])
async def test_how_large_one_may_be(monkeypatch: pytest.MonkeyPatch, size_bytes: int, shown: int) -> None:
    """Something, and no more than a message may be; what is not is not even looked into."""
    monkeypatch.setattr(show_previews, "PREVIEW_BYTES_MAX", 10)
    gate = Gate()
    gate.opened.set()
    showing = Showing(gate, 1)
    async with looking(showing):
        showing.offer(Preview(b"x" * size_bytes))
        assert await showing.counted() == shown
    assert gate.looked == shown


async def test_they_are_told_one_by_one_as_they_come() -> None:
    """Whoever listens waits for the next, and is told of the end."""
    showing = Showing(MemoryIntake(), 3)
    async with looking(showing):
        heard = aiter(showing)
        for index, content in enumerate((b"one", b"two")):
            waiting = asyncio.ensure_future(anext(heard))
            await asyncio.sleep(0)
            assert not waiting.done()
            showing.offer(Preview(content))
            preview = await waiting
            assert (preview.index, preview.content) == (index, content)
        end = asyncio.ensure_future(anext(heard, None))
        await asyncio.sleep(0)
        assert not end.done()
        showing.close()
        assert await end is None


async def test_the_last_one_is_waited_for() -> None:
    """It is counted once it was looked into; then nothing more is."""
    gate = Gate()
    showing = Showing(gate, 2)
    async with looking(showing):
        showing.offer(Preview(b"last"))
        counting = asyncio.ensure_future(showing.counted())
        while not gate.looked:
            await asyncio.sleep(0)
        assert not counting.done()
        gate.opened.set()
        assert await counting == 1
        showing.offer(Preview(b"late"))
        assert [preview.content async for preview in showing] == [b"last"]
        assert (await showing.counted(), gate.looked) == (1, 1)


async def test_nobody_waits_for_what_is_closed() -> None:
    """A job that was cancelled, or handed on, ends at once."""
    gate = Gate()
    showing = Showing(gate, 1)
    async with looking(showing):
        showing.offer(Preview(b"slow"))
        while not gate.looked:
            await asyncio.sleep(0)
        showing.close()
        async with asyncio.timeout(0.5):
            assert await showing.counted() == 0


async def test_no_more_wait_than_were_asked_for() -> None:
    """What comes beside them is left out, at once and later."""
    gate = Gate()
    showing = Showing(gate, 2)
    async with looking(showing):
        for content in (b"one", b"two", b"three"):
            showing.offer(Preview(content))
        gate.opened.set()
        while showing.shown_count < 2:
            await asyncio.sleep(0)
        showing.offer(Preview(b"four"))
        assert await showing.counted() == 2
    assert [preview.content async for preview in showing] == [b"one", b"two"]
