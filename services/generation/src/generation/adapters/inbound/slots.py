"""A worker's slots: one for each job, and one for a message that may become one."""

import asyncio


class Slots:
    """Counts what is in hand, whoever brought it. While they are closed, none is free."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken = 0
        self._is_open = True
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether free slots may be taken."""
        return self._is_open

    @property
    def free(self) -> int:
        """Slots that can be taken now."""
        return max(0, self._total - self._taken) if self._is_open else 0

    def take(self, count: int = 1) -> None:
        """Take slots, free or not: a job takes its own while what brought it still has one for it."""
        self._taken += count

    def release(self, count: int = 1) -> None:
        """Give slots back."""
        self._taken -= count
        self._changed.set()

    def close(self) -> None:
        """Let nothing more be taken."""
        self._is_open = False

    def open(self) -> None:
        """Let free slots be taken again."""
        self._is_open = True
        self._changed.set()

    async def until_free(self) -> None:
        """Wait for a slot that can be taken."""
        while not self.free:
            self._changed.clear()
            await self._changed.wait()
