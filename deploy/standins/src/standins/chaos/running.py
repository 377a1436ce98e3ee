"""Runs in memory, as every stand-in of a provider of media keeps them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Generic, Protocol, TypeVar

from standins.chaos.files import Files, troubles_of
from standins.chaos.troubles import FILES, Chaos, Trouble
from standins.chaos.webhooks import Postman

KEPT_MAX = 5_000
STALL_S = 3_600.0
# Long enough for the webhook to be there before the submit's answer.
EARLY_S = 0.5


class Run(Protocol):
    """What every provider's run has."""

    trouble: Trouble | None
    task: asyncio.Task[None] | None


R = TypeVar("R", bound=Run)


class Running(Generic[R]):
    """The newest few runs."""

    def __init__(self, chaos: Chaos, files: Files, postman: Postman) -> None:
        self.chaos = chaos
        self.files = files
        self.postman = postman
        self.kept: OrderedDict[str, R] = OrderedDict()

    async def begin(self, run_id: str, run: R, course: Coroutine[None, None, None], *, prompt: str) -> None:
        """Keep a run and let it take its course; with `early` trouble it is over when this returns."""
        self.kept[run_id] = run
        while len(self.kept) > KEPT_MAX:
            self.kept.popitem(last=False)
        self.chaos.start(prompt)
        run.task = asyncio.create_task(course)
        if run.trouble is Trouble.EARLY:
            await run.task
            await asyncio.sleep(EARLY_S)

    async def close(self) -> None:
        """Drop whatever runs."""
        running = [run.task for run in self.kept.values() if run.task]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def keep_files(self, run: R, made: Callable[[int], bytes], kind: str, *, count: int) -> list[str]:
        """Keep what a run made, each file by its place, with the trouble that the run's files are in for."""
        trouble = run.trouble if run.trouble in FILES else None
        return [
            self.files.keep(partial(made, place), kind, trouble=bad)
            for place, bad in enumerate(troubles_of(trouble, count))
        ]


def iso(at: float | None) -> str | None:
    """Return a moment as these APIs write it."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
