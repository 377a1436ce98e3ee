"""Items that come until something else happens."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

Item = TypeVar("Item")


async def until(
    stop: Coroutine[Any, Any, object], items: AsyncGenerator[Item, None]
) -> AsyncGenerator[Item, None]:
    """Deliver what `items` gives until it ends or `stop` returns; then close both."""
    stopping = asyncio.ensure_future(stop)
    waiting: asyncio.Timeout | None = None

    def interrupt(_stopped: asyncio.Future[object]) -> None:
        if waiting is not None:
            waiting.reschedule(asyncio.get_running_loop().time())

    stopping.add_done_callback(interrupt)
    try:
        async with aclosing(items):
            while not stopping.done():
                # Others get their turn, however many items are there already.
                await asyncio.sleep(0)
                # Waited for in the reader's own task: a task for each item would cost more than most items.
                try:
                    async with asyncio.timeout(None) as waiting:
                        item = await anext(items)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    if stopping.done():
                        return
                    raise
                finally:
                    waiting = None
                if stopping.done():
                    return
                yield item
    finally:
        stopping.cancel()
