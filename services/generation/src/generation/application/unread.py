"""What a provider said and a client has not read yet."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

# Chunks that a client has not read yet; past them the provider is not read either.
UNREAD_MAX = 16
# What goes together in one message, but for a chunk that is larger by itself.
TOGETHER_MAX_BYTES = 64 * 1024


class Unread:
    """Chunks between the provider and a client, a few at most: whoever puts waits for whoever reads."""

    def __init__(self, most: int = UNREAD_MAX) -> None:
        self._most = most
        self._chunks: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._is_closed = False

    async def put(self, chunk: bytes) -> None:
        """Add a chunk, once there is room for it."""
        while len(self._chunks) >= self._most:
            self._room.clear()
            await self._room.wait()
        self._chunks.append(chunk)
        self._changed.set()

    def close(self) -> None:
        """Note that no more will come."""
        self._is_closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[Sequence[bytes]]:
        """Yield what is there, at once, and again what has come until that was taken."""
        while True:
            while self._chunks:
                yield self._taken()
            if self._is_closed:
                return
            self._changed.clear()
            await self._changed.wait()

    def _taken(self) -> Sequence[bytes]:
        taken = [self._chunks.popleft()]
        size_bytes = len(taken[0])
        while self._chunks and (size_bytes := size_bytes + len(self._chunks[0])) <= TOGETHER_MAX_BYTES:
            taken.append(self._chunks.popleft())
        self._room.set()
        return taken
