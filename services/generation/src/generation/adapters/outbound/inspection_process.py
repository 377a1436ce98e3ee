"""Looks at a file in a process of its own, which may die or dawdle without harm to anybody else.

A decoder that crashes would take every job of a worker with it, one that never ends would hold a thread
for good, and one that unpacks too much would push the worker out of memory. `python -m` of this module
is the child: it has bounds on memory and time, no environment (keys live there), and one file to look at.
"""

import asyncio
import json
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from generation.adapters.outbound.media_inspection import MediaFacts, inspect
from generation.adapters.outbound.thumbnails import ThumbnailFacts
from generation.domain.model import Modality
from generation.ports.media_intake import IntakeUnavailable, OutputUnusable

# A picture at the cap of pixels takes 250 to 850 MB, by its format; one of 4K some 100.
MEMORY_BYTES_MAX = 1024**3
CPU_S_MAX = 30
# On the wall clock, which also runs while this machine does other things.
TIME_S_MAX = 120.0
MODULE = "generation.adapters.outbound.inspection_process"


async def inspect_apart(path: Path, *, modality: Modality, thumbnail: Path) -> MediaFacts:
    """As `inspect`, in a child. Raises OutputUnusable, also when the child crashes or needs too much of
    anything; IntakeUnavailable when this machine can't run one."""
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", MODULE, str(path), modality, str(thumbnail)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # One arena: what threads reserve and never use counts as memory too.
            env={"MALLOC_ARENA_MAX": "1"},
            # A Ctrl-C in the terminal is for the worker, which ends this job in its own way.
            start_new_session=True,
        )
    except OSError as error:
        raise IntakeUnavailable(f"no process to look at a file with: {error}") from error
    try:
        async with asyncio.timeout(TIME_S_MAX):
            answer, _ = await child.communicate()
    except TimeoutError as error:
        # Not for want of processor time, which is bounded: the file had no chance here.
        raise IntakeUnavailable("the process that looks at a file does not get on") from error
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return _facts(answer, child.returncode or 0)


def _facts(answer: bytes, returncode: int) -> MediaFacts:
    if returncode == -signal.SIGKILL:
        # Nobody here killed it: the machine is out of memory, of which a good file may be innocent.
        raise IntakeUnavailable("the process that looked at a file was killed")
    if returncode:
        raise OutputUnusable(f"the decoder gave up: exit code {returncode}")
    told = json.loads(answer)
    if "unusable" in told:
        raise OutputUnusable(told["unusable"])
    small = told.pop("thumbnail")
    return MediaFacts(**told, thumbnail=ThumbnailFacts(**small) if small else None)


def main(path: str, modality: str, thumbnail: str) -> None:
    """Print what the file is as one JSON object."""
    bound_resources()
    try:
        told = asdict(inspect(Path(path), modality=Modality(modality), thumbnail=Path(thumbnail)))
    except OutputUnusable as unusable:
        told = {"unusable": str(unusable)}
    sys.stdout.write(json.dumps(told))


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


if __name__ == "__main__":
    main(*sys.argv[1:])
