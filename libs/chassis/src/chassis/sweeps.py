"""Work that becomes due: one look says for whom of many there is any, and nobody else asks."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from chassis.process import forever, raise_if_cancelled

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Does what is due; looked for every `every_s`. What it leaves is still due at the next look."""

    step: Callable[[], Awaitable[object]]
    every_s: float


class Sweeps:
    """Each sweep runs by itself, one step at a time, and holds up no other.

    `look` returns which of these names have something to do, within a bounded time. Looks are as often as the
    most frequent sweep wants, one for all. When it fails, each is looked for by itself, and who can't be goes
    on apart until they can: what is wrong with one's table or slow in it keeps no other waiting. A step that
    fails is logged, and taken again while its work is due.
    """

    def __init__(
        self, look: Callable[[Collection[str]], Awaitable[Collection[str]]], sweeps: Mapping[str, Sweep]
    ) -> None:
        self._look = look
        self._sweeps = sweeps
        self._due = {name: asyncio.Event() for name in sweeps}
        self._not_before = dict.fromkeys(sweeps, 0.0)
        # Who is looked for by themselves, by a task each while that lasts.
        self._apart = dict[str, asyncio.Task[None] | None]()

    def wake(self, name: str) -> None:
        """Have a sweep run now: whoever calls has just made work for it."""
        self._due[name].set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        every_s = min(sweep.every_s for sweep in self._sweeps.values())
        async with asyncio.TaskGroup() as tasks:
            for name, sweep in self._sweeps.items():
                tasks.create_task(self._sweep(name, sweep))
            tell = partial(self._tell, tasks)
            tasks.create_task(forever(tell, every_s=every_s, name="look for what is due"))

    async def _tell(self, tasks: asyncio.TaskGroup) -> None:
        together = [name for name in self._sweeps if name not in self._apart]
        if together:
            try:
                self._found(await self._look(together))
            except Exception as failure:  # noqa: BLE001 - each is asked about by itself, and says what is wrong
                log.info("looking for what is due failed", error=repr(failure))
                self._apart |= dict.fromkeys(together)
        for name, looking in list(self._apart.items()):
            if looking is None or looking.done():
                self._apart[name] = tasks.create_task(self._tell_alone(name))

    async def _tell_alone(self, name: str) -> None:
        try:
            self._found(await self._look([name]))
        except Exception as failure:  # noqa: BLE001 - it is looked for again
            log.warning("periodic task failed", task="look for what is due", of=name, error=repr(failure))
        else:
            del self._apart[name]

    def _found(self, names: Collection[str]) -> None:
        now = asyncio.get_running_loop().time()
        for name in names:
            if now >= self._not_before[name]:
                # Looks come with jitter: one that is a little early is no reason to wait for the next.
                self._not_before[name] = now + self._sweeps[name].every_s * 0.75
                self._due[name].set()

    async def _sweep(self, name: str, sweep: Sweep) -> None:
        due = self._due[name]
        while True:
            raise_if_cancelled()
            await due.wait()
            due.clear()
            try:
                await sweep.step()
            except Exception as failure:  # noqa: BLE001 - a sweeper outlives what it sweeps
                log.warning("periodic task failed", task=name, error=repr(failure))
