"""Runs a module of ours in a process of its own, which may die or dawdle without harm to anybody else."""

import asyncio
import resource
import sys
from contextlib import suppress

# A picture at the cap of pixels takes 250 to 850 MB, by its format; one of 4K some 100.
MEMORY_BYTES_MAX = 1024**3
CPU_S_MAX = 30
# On the wall clock, which also runs while this machine does other things.
TIME_S_MAX = 120.0


async def run_apart(module: str, *task: str, told: bytes = b"") -> tuple[bytes, int]:
    """Return what it printed and its exit code; `told` is what it reads.

    It has no environment, as keys live there. Raises OSError where no process can be started, and
    TimeoutError.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", module, *task),
        stdin=asyncio.subprocess.PIPE if told else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # One arena: what threads reserve and never use counts as memory too.
        env={"MALLOC_ARENA_MAX": "1"},
        # A Ctrl-C in the terminal is for the worker, which ends this job in its own way.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(TIME_S_MAX):
            answer, _ = await child.communicate(told or None)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return answer, child.returncode or 0


def bound_resources() -> None:
    """Bounds this process."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES_MAX),
        (resource.RLIMIT_CPU, CPU_S_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        # The hard limit is a little higher: past it the kernel kills without a word of why. Not every
        # system has every bound.
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most + 5))
