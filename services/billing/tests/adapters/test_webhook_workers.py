"""One looks for webhooks; the others come while it is held up, and ask for nothing otherwise."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from billing.adapters.inbound.webhook_workers import WebhookWorkers
from chassis.process import forever

pytestmark = pytest.mark.real_time

EVERY_S = 0.02


class Queue:
    """Webhooks that wait; each look is noted with who looked."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []
        self.looks: Counter[asyncio.Task[None] | None] = Counter()
        self.done = 0
        self.busy = 0
        self.failure: Exception | None = None

    async def drain(self) -> None:
        """Work out what waits, one after the other."""
        self.looks[asyncio.current_task()] += 1
        if self.failure:
            raise self.failure
        while self.waiting:
            slow = self.waiting.pop(0)
            self.busy += 1
            try:
                await slow.wait()
            finally:
                self.busy -= 1
            self.done += 1


@asynccontextmanager
async def working(queue: Queue, *, workers: int = 3) -> AsyncIterator[None]:
    """Workers on a queue."""
    them = WebhookWorkers(queue.drain, workers=workers, every_s=EVERY_S)
    running = asyncio.gather(them.run(), forever(them.look, every_s=EVERY_S, name="look"))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(holds: object) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.001)


async def test_nothing_to_do_is_looked_for_by_one() -> None:
    """At no moment is a second look going on beside it."""
    queue = Queue()
    at_once: list[int] = []

    async def drain() -> None:
        queue.busy += 1
        at_once.append(queue.busy)
        await asyncio.sleep(0)
        queue.busy -= 1

    queue.drain = drain  # type: ignore[method-assign]
    async with working(queue):
        await until(lambda: len(at_once) >= 20)
    assert set(at_once) == {1}


async def test_a_slow_webhook_keeps_nobody_waiting() -> None:
    """As many are worked out at once as there are workers, and the one that is free goes on."""
    queue = Queue()
    slow = [asyncio.Event() for _ in range(4)]
    async with working(queue):
        queue.waiting += slow
        await until(lambda: queue.busy == 3)
        assert len(queue.waiting) == 1
        slow[2].set()
        await until(lambda: queue.done == 1 and not queue.waiting)
        for webhook in slow:
            webhook.set()
        await until(lambda: queue.done == 4)
        # Whoever was called is at rest again: the next slow one calls them anew.
        again = [asyncio.Event() for _ in range(3)]
        queue.waiting += again
        await until(lambda: queue.busy == 3)
        for webhook in again:
            webhook.set()


async def test_a_look_that_fails_is_followed_by_others() -> None:
    """Neither the first nor those who help it stop."""
    queue = Queue()
    queue.failure = ConnectionError("away")
    async with working(queue):
        await until(lambda: sum(queue.looks.values()) >= 3)
        queue.failure = None
        slow = [asyncio.Event() for _ in range(3)]
        queue.waiting += slow
        await until(lambda: queue.busy == 3)
        for webhook in slow:
            webhook.set()
        await until(lambda: queue.done == 3)


async def test_who_is_told_to_stop_leaves_nothing_running() -> None:
    """What is being worked out is cancelled, so that it can be given back."""
    queue = Queue()
    async with working(queue):
        queue.waiting += [asyncio.Event(), asyncio.Event()]
        await until(lambda: queue.busy == 2)
    assert queue.busy == 0
