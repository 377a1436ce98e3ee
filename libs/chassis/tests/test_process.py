"""A process's loops end when they are told to, whatever the libraries below them do."""

import asyncio

from chassis.process import forever


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
