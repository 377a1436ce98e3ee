"""Who looks for webhooks that are due: one, and the others beside it while it is held up by a slow one."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.process import forever


class WebhookWorkers:
    """`workers` of them, of which all but the first ask for nothing while there is nothing to do.

    The first looks whenever it is called. What waits for a slow webhook is looked for by the others every
    `every_s`: nothing waits longer for a worker than twice that, while one is free.
    """

    def __init__(self, drain: Callable[[], Awaitable[None]], *, workers: int, every_s: float) -> None:
        self._drain = drain
        self._workers = workers
        self._every_s = every_s
        self._held_up = asyncio.Event()

    async def run(self) -> None:
        """Help whoever is held up, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait())
            for _ in range(self._workers - 1):
                tasks.create_task(forever(self._help, every_s=self._every_s, name="process webhooks"))

    async def look(self) -> None:
        """Work out what is due, one after the other."""
        async with asyncio.TaskGroup() as tasks:
            draining = tasks.create_task(self._drained())
            await asyncio.wait({draining}, timeout=self._every_s)
            if not draining.done():
                self._held_up.set()

    async def _drained(self) -> None:
        try:
            await self._drain()
        finally:
            self._held_up.clear()

    async def _help(self) -> None:
        await self._held_up.wait()
        await self._drain()
