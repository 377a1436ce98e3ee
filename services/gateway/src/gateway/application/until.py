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
    try:
        async with aclosing(items):
            while True:
                following = asyncio.ensure_future(anext(items))
                try:
                    await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    # Also where the reader left: the items can be closed only when nobody waits for one.
                    following.cancel()
                    await asyncio.wait({following})
                if following.cancelled() or stopping.done():
                    return
                try:
                    yield following.result()
                except StopAsyncIteration:
                    return
    finally:
        stopping.cancel()
