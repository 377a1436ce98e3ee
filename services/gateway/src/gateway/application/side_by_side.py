"""Several calls at once, but not all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

AT_ONCE_MAX = 8
Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


async def side_by_side(
    call: Callable[[Asked], Awaitable[Answered]], asked: Iterable[Asked]
) -> list[Answered]:
    """Return what `call` answers to each, in their order. Raises what the first of them raises."""
    places = asyncio.Semaphore(AT_ONCE_MAX)

    async def within(each: Asked) -> Answered:
        async with places:
            return await call(each)

    return await asyncio.gather(*(within(each) for each in asked))
