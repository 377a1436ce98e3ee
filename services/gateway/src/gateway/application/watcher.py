"""Whoever watches a request that waits, before it has ended."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from gateway.domain.errors import GatewayError
from gateway.domain.generation import Generation
from gateway.domain.preview import PictureTokens, Preview, PreviewEvent, PreviewsOver

# What comes before an end comes before it, or with it: a picture that is there does not wait longer.
LAST_WITHIN_S = 2.0


@dataclass(kw_only=True)
class Watcher:
    """Is told what has begun, and what it looks like before it is whole: of that at most `previews_max`."""

    previews_max: int = 0
    generation: Generation | None = None
    is_replayed: bool = False
    """Whether it was made before, under the same key."""
    tokens: PictureTokens | None = None
    """What its provider counted, where that is known."""
    previews: deque[Preview] = field(default_factory=deque)
    """Those that nobody took yet."""
    told: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whatever there is to know; cleared by who has looked."""
    _taken: int = 0
    _following: asyncio.Task[None] | None = None

    def begun(self, generation: Generation, *, is_replayed: bool) -> None:
        """Note what is made."""
        self.generation, self.is_replayed = generation, is_replayed
        self.told.set()

    def follow(self, events: AsyncGenerator[PreviewEvent, None]) -> None:
        """Take what is told of it, beside the wait for its end: news that breaks off is no failure of it."""
        self._following = asyncio.ensure_future(self._follow(events))

    async def heard(self) -> None:
        """Wait a moment for the last news; there is none after that."""
        if self._following is not None:
            await asyncio.wait({self._following}, timeout=LAST_WITHIN_S)
        await self.close()

    async def close(self) -> None:
        """Take no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})

    async def _follow(self, events: AsyncGenerator[PreviewEvent, None]) -> None:
        with suppress(GatewayError):
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, PreviewsOver):
                        self.tokens = event.tokens
                        return
                    if isinstance(event, Preview) and self._taken < self.previews_max:
                        self._taken += 1
                        self.previews.append(event)
                        self.told.set()
