"""Sweeps that one look is made for: each runs when something is due for it, and no other time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import pytest
from chassis.sweeps import Sweep, Sweeps

pytestmark = pytest.mark.real_time

EVERY_S = 0.02


class Work:
    """What is due by name, and what was done of it."""

    def __init__(self) -> None:
        self.due: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.looks = 0
        self.may = {"a": asyncio.Event(), "b": asyncio.Event()}
        self.fails = 0
        self.asked: list[tuple[str, ...]] = []
        self.broken = set[str]()
        # Of a look for the first alone.
        self.answers = asyncio.Event()
        self.answers.set()
        for event in self.may.values():
            event.set()

    async def look(self, names: Collection[str]) -> Collection[str]:
        """Say what is due of these."""
        self.looks += 1
        self.asked.append(tuple(names))
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the database is away")
        if self.broken.intersection(names):
            raise ConnectionError("one of the tables is broken")
        if names == ["a"]:
            await self.answers.wait()
        return [name for name, number in self.due.items() if number and name in names]

    def sweep(self, name: str, *, every_s: float = EVERY_S) -> Sweep:
        """Do one of what is due."""

        async def step() -> None:
            self.steps[name] += 1
            await self.may[name].wait()
            self.due[name] -= 1
            self.done[name] += 1

        return Sweep(step=step, every_s=every_s)


@asynccontextmanager
async def sweeping(sweeps: Sweeps) -> AsyncIterator[None]:
    """Run them."""
    running = asyncio.create_task(sweeps.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(holds: object) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.001)


async def test_what_is_due_is_done_and_nothing_else_runs() -> None:
    """One look for both; what a step leaves is done after the next."""
    work = Work()
    work.due["a"] = 3
    async with sweeping(Sweeps(work.look, {"a": work.sweep("a"), "b": work.sweep("b")})):
        await until(lambda: work.done["a"] == 3)
        looks = work.looks
        await until(lambda: work.looks >= looks + 3)
    assert work.steps == Counter(a=3)


async def test_a_step_that_takes_long_holds_up_no_other() -> None:
    """And is not taken a second time beside itself."""
    work = Work()
    work.may["a"].clear()
    work.due["a"] = work.due["b"] = 2
    async with sweeping(Sweeps(work.look, {"a": work.sweep("a"), "b": work.sweep("b")})):
        await until(lambda: work.done["b"] == 2)
        assert work.steps["a"] == 1
        work.may["a"].set()
        await until(lambda: work.done["a"] == 2)


async def test_who_is_woken_waits_for_no_look() -> None:
    """What was made a moment ago is done at once."""
    work = Work()
    sweeps = Sweeps(work.look, {"a": work.sweep("a", every_s=3_600)})
    async with sweeping(sweeps):
        await until(lambda: work.looks == 1)
        work.due["a"] = 1
        sweeps.wake("a")
        await until(lambda: work.done["a"] == 1)
    assert work.looks == 1


async def test_who_is_looked_for_seldom_runs_seldom() -> None:
    """However often the others are looked for."""
    work = Work()
    work.due["a"] = work.due["b"] = 1_000
    sweeps = {"a": work.sweep("a"), "b": work.sweep("b", every_s=3_600)}
    async with sweeping(Sweeps(work.look, sweeps)):
        await until(lambda: work.done["a"] >= 3)
    assert work.done["b"] == 1


async def test_failures_end_nothing() -> None:
    """A look that fails is made again, a step too."""
    work = Work()
    work.due["a"], work.fails = 1, 2
    failed: list[int] = []
    sweep = work.sweep("a")

    async def failing_once() -> None:
        if not failed:
            failed.append(1)
            raise ConnectionError("away")
        await sweep.step()

    async with sweeping(Sweeps(work.look, {"a": Sweep(step=failing_once, every_s=EVERY_S)})):
        await until(lambda: work.done["a"] == 1)
    assert failed == [1]
    assert work.fails == 0


async def test_who_can_not_be_looked_for_holds_up_no_other() -> None:
    """Until they can: then one look is for both again, and what waited is done."""
    work = Work()
    work.broken = {"a"}
    work.due["a"], work.due["b"] = 1, 3
    async with sweeping(Sweeps(work.look, {"a": work.sweep("a"), "b": work.sweep("b")})):
        await until(lambda: work.done["b"] == 3)
        assert work.steps["a"] == 0
        await until(lambda: work.asked.count(("b",)) >= 2)
        work.broken.clear()
        await until(lambda: work.done["a"] == 1)
        alone = len(work.asked)
        await until(lambda: ("a", "b") in work.asked[alone:])


async def test_who_is_slow_to_be_looked_for_holds_up_no_other() -> None:
    """And is asked about once at a time."""
    work = Work()
    work.fails = 1
    work.answers.clear()
    work.due["a"], work.due["b"] = 1, 3
    async with sweeping(Sweeps(work.look, {"a": work.sweep("a"), "b": work.sweep("b")})):
        await until(lambda: work.done["b"] == 3)
        await until(lambda: work.asked.count(("b",)) >= 3)
        assert (work.steps["a"], work.asked.count(("a",))) == (0, 1)
        work.answers.set()
        await until(lambda: work.done["a"] == 1)
