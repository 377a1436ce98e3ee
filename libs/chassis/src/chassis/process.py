"""A process's life: run until a signal, drain, and say by the exit code how it went."""

import asyncio
import gc
import os
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import structlog
import uvloop

log = structlog.get_logger(__name__)

DRAIN_MAX_S = 10.0
_COLLECT_AFTER_OBJECTS = 50_000
# Ends the process, in case that it does not end by itself; set where there is a process to end.
_END_SOON: ContextVar[Callable[[], object] | None] = ContextVar("end_soon", default=None)


def run_until_signalled(
    main: Callable[[], Coroutine[Any, Any, None]], *, drain_max_s: float = DRAIN_MAX_S
) -> int:
    """Run `main` on uvloop; SIGTERM or SIGINT cancels it, a second one ends the process at once.

    What has not ended `drain_max_s` seconds after the signal is given up.

    Returns the exit code: 0 after a signal or a normal end, 1 after a failure.
    """
    _collect_seldom()
    return uvloop.run(_supervise(main, drain_max_s))


def _collect_seldom() -> None:
    """Let what is there at the start stay: collecting it again and again only makes callers wait.

    Requests make few cycles, so the collector may come less often than the interpreter's default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS, 20, 50)


async def _supervise(main: Callable[[], Coroutine[Any, Any, None]], drain_max_s: float) -> int:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    _END_SOON.set(lambda: loop.call_later(drain_max_s, _end_at_once, drain_max_s))
    work = asyncio.create_task(main())
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        log.info("stopping")
        work.cancel()
        await asyncio.wait({work}, timeout=drain_max_s)
        if not work.done():
            _end_at_once(drain_max_s)
    stop.cancel()
    if work.cancelled():
        return 0
    if failure := work.exception():
        log.error("process failed", exc_info=failure)
        return 1
    return 0


def _still_running() -> list[str]:
    """Name the place that each task waits at."""
    frames = (frame for task in asyncio.all_tasks() for frame in task.get_stack(limit=1))
    return sorted({f"{frame.f_code.co_qualname}:{frame.f_lineno}" for frame in frames})


def raise_if_cancelled() -> None:
    """Raise CancelledError in a task that was cancelled and went on.

    Before Python 3.12 `asyncio.wait_for`, which NATS' client waits with, swallows a cancellation that comes
    together with what it waits for. A loop that asks here in each round ends all the same.
    """
    if _is_cancelled():
        raise asyncio.CancelledError


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def run_all(*loops: Awaitable[None]) -> None:
    """Run the loops side by side; when one fails or ends, the others are cancelled and its error is raised.

    A process without one of its loops must not look as if it were whole: its supervisor starts it anew.
    Should the others not end in time, it ends without them.
    """
    async with asyncio.TaskGroup() as tasks:
        for one in loops:
            tasks.create_task(_for_life(one))


async def _for_life(loop: Awaitable[None]) -> None:
    try:
        await loop
        if not _is_cancelled():
            raise RuntimeError(f"{getattr(loop, '__qualname__', loop)} ended by itself")
    except Exception as failure:
        log.error("a loop died, and the process with it", exc_info=failure)
        if (end_soon := _END_SOON.get()) is not None:
            end_soon()
        raise


def _end_at_once(drain_max_s: float) -> None:
    log.error("did not drain in time", seconds=drain_max_s, running=_still_running())
    os._exit(1)


async def forever(step: Callable[[], Awaitable[object]], *, every_s: float, name: str) -> None:
    """Call `step` again and again with jitter; a failure is logged and the next call still comes."""
    while True:
        raise_if_cancelled()
        try:
            await step()
        except Exception as failure:  # noqa: BLE001 - a sweeper outlives what it sweeps
            log.warning("periodic task failed", task=name, error=repr(failure))
        await asyncio.sleep(every_s * random.uniform(0.8, 1.2))
