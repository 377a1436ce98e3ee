"""A process's loops end when they are told to, whatever the libraries below them do."""

import asyncio
import sys

import pytest
from chassis.process import forever, run_all

pytestmark = pytest.mark.server


async def test_a_periodic_task_ends_though_its_step_swallows_the_cancellation() -> None:
    """As `asyncio.wait_for` does before Python 3.12 when its result comes at the same moment."""
    inside = asyncio.Event()

    async def step() -> None:
        if inside.is_set():
            await asyncio.sleep(0)
            return
        inside.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    task = asyncio.create_task(forever(step, every_s=0, name="test"))
    await inside.wait()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done
    assert task.cancelled()


async def test_a_failing_step_is_called_again() -> None:
    """A sweeper outlives what it sweeps."""
    calls = asyncio.Semaphore(0)

    async def step() -> None:
        calls.release()
        raise ValueError("not this time")

    task = asyncio.create_task(forever(step, every_s=0, name="test"))
    async with asyncio.timeout(5):
        for _ in range(3):
            await calls.acquire()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_loop_that_ends_ends_the_others() -> None:
    """A process without one of its loops must not look as if it were whole."""
    cancelled = asyncio.Event()

    async def ends() -> None:
        await asyncio.sleep(0)

    async def goes_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(ExceptionGroup) as failure:
        await asyncio.wait_for(run_all(ends(), goes_on()), 5)
    assert "ended by itself" in str(failure.value.exceptions[0])
    assert cancelled.is_set()


STUBBORN = """
import asyncio, sys
from chassis.process import run_all, run_until_signalled

async def dies():
    await asyncio.sleep(0.1)
    raise ValueError("a loop died")

async def stays():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

sys.exit(run_until_signalled(lambda: run_all(dies(), stays()), drain_max_s=0.5))
"""


async def test_a_loop_that_does_not_drain_keeps_no_dead_process_up() -> None:
    """It ends with 1 all the same, and says what it left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUBBORN, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"a loop died" in told
    assert b"did not drain in time" in told
